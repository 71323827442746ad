"""What drives a run: plans as values, the dry run, the apply, the journal."""
