"""report.json: the validated interface from training to export."""

from train.run_report.aligned import AlignedReport, AlignedStage, Figures, Gain, SplitFigures
from train.run_report.one_stream import ConfidenceTest, OneStreamReport, OneStreamTest
from train.run_report.recorded import (
    MaskFigure,
    MaskTest,
    OnRecordings,
    RecordedLabelsTest,
    RecordedNumberTest,
    RecordedReport,
    RecordedTest,
    RecordedWindowsTest,
)
from train.run_report.report import (
    REPORT_NAME,
    ReliabilityOnValidation,
    RunReport,
    StreamTest,
    read_run_report,
    write_run_report,
)
from train.run_report.three_streams import (
    ComposedTest,
    MultiLabelTest,
    ThreeStreamReport,
    ThreeStreamTest,
)

__all__ = [
    "REPORT_NAME",
    "AlignedReport",
    "AlignedStage",
    "ComposedTest",
    "ConfidenceTest",
    "Figures",
    "Gain",
    "MaskFigure",
    "MaskTest",
    "MultiLabelTest",
    "OnRecordings",
    "OneStreamReport",
    "OneStreamTest",
    "RecordedLabelsTest",
    "RecordedNumberTest",
    "RecordedReport",
    "RecordedTest",
    "RecordedWindowsTest",
    "ReliabilityOnValidation",
    "RunReport",
    "SplitFigures",
    "StreamTest",
    "ThreeStreamReport",
    "ThreeStreamTest",
    "read_run_report",
    "write_run_report",
]
