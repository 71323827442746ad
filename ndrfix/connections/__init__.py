"""How hosts are reached: the seam, WinRM, and simulated hosts."""
