"""What an .onnx file holds, read by its own bytes: no package is needed, nothing of it is run."""
