"""What a model file really holds, read without TensorFlow."""
