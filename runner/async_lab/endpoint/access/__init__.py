"""Who may do what: handlers by their roles, services by the policies of what they reach."""
