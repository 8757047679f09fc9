"""What several systems are made of: gates, layers between layers, wrappers, flows."""
