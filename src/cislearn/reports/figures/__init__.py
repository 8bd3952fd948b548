"""One figure a function: values in, an SVG element out."""
