"""Words of k bases as vectors: learned from windows alone, kept on disk, compared with the letters of the words."""
