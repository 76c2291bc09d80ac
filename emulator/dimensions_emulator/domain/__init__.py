"""What the API means: no Flask, no files, no clock of its own."""
