"""What networks of expression rest on: knock-outs in silico, and what each regulator is worth."""
