"""Named errors: each message says what failed, with which value, what was expected and what to do next."""


class ExplorerError(Exception):
    """Base of every error that a user can cause or meet; the command line prints it without a traceback."""


class UsageError(ExplorerError):
    """A request that cannot be meant: an unknown name, an option out of range (exit status 2)."""


class ReadError(ExplorerError):
    """A file that cannot be read as spectra."""


class UnsupportedFormatError(ReadError):
    """The file's format is none that can be read."""


class TruncatedFileError(ReadError):
    """The file ends before its format says it should."""


class HtmlPageError(ReadError):
    """The file is a web page (often an error page saved under a data file's name)."""


class ArchiveReplyError(ReadError):
    """The file is an error reply of an archive (a VOTable with QUERY_STATUS=ERROR)."""


class MissingColumnError(ReadError):
    """A column that is needed is not in the table."""


class SampleCountError(ReadError):
    """Spectra do not have 343 samples, or coefficients are not 55 per band."""


class MixedReleasesError(ReadError):
    """Data of several Gaia releases where one is expected, or of a release that is not understood."""


class CalibrationError(ReadError):
    """Coefficients of a release whose calibration is not on this machine."""


class WavelengthGridError(ReadError):
    """Spectra stand on another wavelength grid than 336..1020 nm in steps of 2 nm."""


class UnitError(ReadError):
    """A column carries a unit that is not understood or not a spectral flux density."""


class SourceIdError(ReadError):
    """Source ids are no 64-bit Gaia ids, or lost their last digits in a floating-point column."""


class FileTooLargeError(ReadError):
    """The file is larger than its format can be read in bounded memory, or than an upload may be."""


class EmptyFileError(ReadError):
    """The file holds no spectrum."""


class LabelError(ExplorerError):
    """Training labels are missing, unknown or of one class only."""


class RunError(ExplorerError):
    """A stored training run is missing, incomplete, corrupt or does not fit the request."""


class ParameterRangeError(UsageError):
    """A physical parameter lies outside the range that the models cover."""


class ArchiveError(ExplorerError):
    """A remote archive could not be reached or refused the request."""


class NotFoundError(ExplorerError):
    """No such source, name or spectrum."""


class ArchiveBusyError(ArchiveError):
    """The archive answered, but cannot serve now (HTTP 429, 500, 502, 503, 504 or a time-out): try again later."""


class ArchiveQuotaError(ArchiveError):
    """The archive's quota for anonymous users is used up."""


class OfflineError(ArchiveError):
    """No connection to the archive, or work offline was asked for."""


class LeakError(ExplorerError):
    """The same star stands in parts of the data that must not share stars."""


class TrainingError(ExplorerError):
    """A training that could not be done: its loss is no number, or the data do not allow the protocol asked for."""


class DiskSpaceError(ExplorerError):
    """What was asked for would not fit on the disk; nothing has been started."""


class StorageError(ExplorerError, OSError):
    """A place that cannot be written to: its disk is full or read-only, or something else stands there."""


class JobError(ExplorerError):
    """A job that does not exist, cannot be read or cannot be done."""


class SurveyError(ExplorerError):
    """A survey's folder that is in use, damaged or does not fit the request."""


class QuotaError(ExplorerError):
    """More than a user of this instance may have, open or start."""


class ReadOnlyError(ExplorerError):
    """Something would be started or written in an instance that only shows."""


def in_one_line(text: object) -> str:
    """A text with line ends and control characters written out.

    The name of a file or an archive's words must neither look like another entry of a log nor steer a terminal.
    """
    return "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in str(text))
