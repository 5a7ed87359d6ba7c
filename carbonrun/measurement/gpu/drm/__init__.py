"""Graphics cards of AMD and Intel, read from the kernel's files."""
