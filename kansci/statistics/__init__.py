"""What Records say of models: pure functions, with intervals and tests."""
