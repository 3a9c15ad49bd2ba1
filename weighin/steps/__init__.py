"""Steps: Keras model → Keras model, by training; one small file each."""
