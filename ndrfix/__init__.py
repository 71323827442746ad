"""ndrfix: Ansible-style remediation playbooks for Microsoft Exchange 5.5 hosts."""

__version__ = "0.1.0"
