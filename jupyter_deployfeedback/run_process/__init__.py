"""The process in which a run happens: what stands by, what works a run off, and who asks for one."""
