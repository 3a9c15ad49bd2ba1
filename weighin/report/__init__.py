"""Records → tables; never touches TensorFlow."""
