"""Brings the people of a CSV file on board of a customer."""
