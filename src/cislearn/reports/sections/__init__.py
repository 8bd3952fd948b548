"""The sections of the page, one idea a file: what is read goes in, blocks for the template come out."""
