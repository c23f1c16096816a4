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
    UnlabelledPart,
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
from train.run_report.transfer_gain import GainOnWindows, TransferGain

__all__ = [
    "REPORT_NAME",
    "AlignedReport",
    "AlignedStage",
    "ComposedTest",
    "ConfidenceTest",
    "Figures",
    "Gain",
    "GainOnWindows",
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
    "TransferGain",
    "UnlabelledPart",
    "read_run_report",
    "write_run_report",
]
