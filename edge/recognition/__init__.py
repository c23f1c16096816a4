"""Recognition: from readings to a verdict. Nothing here starts a thread or opens a device.

recognizer    packets in, one verdict a step out
window pooling text_stream transcript    what a window holds when it closes
availability reasons gate    which streams are used, and why one is not
verdict tap    what comes out, and what a recording hears of it
"""
