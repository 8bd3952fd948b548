"""What in a window a model rests on: attributions of one number that it gives, base by base."""
