"""The command line: options, rendering, the error boundary. What is done is workflow's business."""
