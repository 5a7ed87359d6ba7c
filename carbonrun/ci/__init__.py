"""What a build service wants to know: labels from it, and results in the forms that it shows."""
