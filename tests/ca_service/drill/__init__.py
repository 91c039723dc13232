"""The fault drill: it passes on a healthy CA, sees what is broken, and touches nothing but its copy."""
