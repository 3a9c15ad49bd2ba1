"""Runtimes: artifact → session; one small file each."""
