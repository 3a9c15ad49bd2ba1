"""Training frameworks: the only folder that imports TensorFlow, Keras or the toolkit."""
