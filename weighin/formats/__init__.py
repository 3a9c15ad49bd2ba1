"""What a model file really holds, read without TensorFlow."""

ENDINGS = (".tflite", ".keras", ".h5", ".hdf5")  # of the files that are read here
