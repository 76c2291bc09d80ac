"""The suite that tells whether an implementation keeps the contract."""
