"""CCX broker: the customer-controlled experience."""

__version__ = "0.1.0"
