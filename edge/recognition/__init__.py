"""Recognition: turns readings into a verdict. It starts no thread and opens no device.

intake recognizer    packets to windows; windows to one verdict a step
window pooling text_stream transcript    the content of a window when it closes
availability reasons gate    which streams are used, and why one is not
verdict tap    the output, and the events that a recording stores
"""
