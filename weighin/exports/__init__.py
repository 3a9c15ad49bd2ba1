"""Exports: Keras model → .tflite bytes; one small file each."""
