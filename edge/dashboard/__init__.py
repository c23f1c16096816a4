"""The dashboard: a web page that shows a run while it runs.

    recogniser's process                              dashboard's process
    step thread --reference--> inbox --\\
                                        publisher --pipe--> board <--10 Hz-- a page each
    vision thread --reference---------/ (JPEG only while watched, or kept)
            marks <--run's clock-- publisher <--pipe-- requests of pages

The recogniser's threads only hand over references. Drawing, encoding and sending are done in
another process with its own GIL and a lower priority. It can be killed at any time.
"""
