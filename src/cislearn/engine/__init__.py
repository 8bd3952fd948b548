"""Devices, and the record of what a run was made with."""
