"""The dashboard: a page that shows a run while it runs.

    recogniser's process                              dashboard's process
    step thread --reference--> inbox --\\
                                        publisher --pipe--> board <--10 Hz-- a page each
    vision thread --reference---------/ (JPEG only while watched)

The recogniser's threads hand over references. What pages cost (drawing, encoding, sending) falls on
another process, which has its own lock and less of the processor, and can be killed at any time.
"""
