"""What stands by: processes and kernels that are ready before anybody asks, and how they are forked."""
