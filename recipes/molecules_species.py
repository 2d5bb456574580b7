"""Which species and states the catalogue of molecules takes from which list: literal names, as the lists spell them."""

CDMS_OR_JPL: tuple[str, ...] = (
    # complex organic molecules: six atoms or more, at least one carbon (Herbst & van Dishoeck 2009)
    "CH3CN v=0", "CH3CN v8=1", "(13)CH3CN", "CH3(13)CN", "CH3CCH v=0", "CH3(13)CCH", "CH3C(13)CH", "CH3CCD",
    "CH2DCCH", "CH2CHCN v=0", "CH2CHCN v11=1", "CH2CHCN v15=1", "(13)CH2CHCN", "CH2(13)CHCN", "CH2CH(13)CN",
    "CH3CH2CN v=0", "c-H2COCH2", "t-CH3CH2OH", "g-CH3CH2OH", "t-CH2CHCHO", "H2NCH2CN", "(CH3)2CO v=0",
    "cis-CH2OHCHO v=0", "CH3OCHO v=1", "gGa-(CH2OH)2", "CH3C3N", "H2CCCHCN", "CH3C4H", "CH3C5N", "CH3C6H",
    "H2NCH2COOH - I v=0", "c-H2C3O", "HC5N v11 = 1", "HC3NH+", "HC7N v=0", "HC9N", "l-C4H2", "l-C5H", "C5N",
    "C6H", "l-HC4N", "C7H", "C8H",
    # smaller molecules that blend with them
    "SO 3Sigma v=0", "(34)SO", "(33)SO", "S(18)O", "SO2 v=0", "SO2 v2=1", "(34)SO2 v=0", "(33)SO2", "OS(18)O", "H2S",
    "H2(34)S", "HDS", "D2S", "H2CO", "H2(13)CO", "HDCO", "D2CO", "HNCO v=0", "HN(13)CO", "H(15)NCO", "DNCO",
    "HNC(18)O", "HOCN", "HCNO", "HC3N v=0", "HC3N v4=1", "HC3N v6=1,v7=1", "HC3N v4=1,v7=1",
    "H(13)CCCN", "HC(13)CCN", "HCC(13)CN", "H(13)CCCN v7 = 1", "HC(13)CCN v7 = 1", "HCC(13)CN v7 = 1", "HCCC(15)N",
    "DC3N", "HCCNC v=0", "HNCCC", "H2CCO", "NH2CN", "t-HCOOH", "t-H(13)COOH", "t-DCOOH", "t-HCOOD", "c-HCCCH v=0",
    "c-HCC(13)CH", "c-HCCCD", "l-H2CCC", "CCH v=0", "(13)CCH", "C(13)CH", "CCD", "CN v=0", "(13)CN", "C(15)N", "N2D+",
    "(13)C(17)O", "(13)C(18)O", "DCN v2=1", "HC(15)N v2 = 1", "H(13)CN v2=1", "NO", "N2O v=0", "NS, v=0", "N(34)S",
    "PO", "SO+", "HCO", "HNO", "O(13)CS", "H2(13)CS", "HDCS", "H2C(34)S", "CCCS", "HDO", "D2O", "CH2CN", "H2CN",
    "l-C3H v=0", "c-C3H", "HCCN", "C4H v=0", "C4H v7 = 1", "CCCN v=0", "CCCO", "SiC2 v=0", "SiO v=1", "HNCS a-type",
    "HSCN a-type", "H2COH+", "H2CCNH", "CNCHO", "ONCN",
)  # fmt: skip
"""Names in Splatalogue; each has lines of exactly one of CDMS and JPL there."""

SLAIM: tuple[str, ...] = (
    "CH3OCHO v=0", "CH3CHO vt=0", "CH3CHO vt=1", "CH3CHO vt=2", "(13)CH3OH vt=0", "(13)CH3OH vt=1", "CH3OCH3",
    "NH2CHO", "CH3NH2", "CH3COOH v=0", "CH3SH v=0", "CH2NH", "H2CS", "OCS v=0", "(13)CS v=0", "CS v=0", "CO v=0",
    "C(18)O", "(13)CO v=0", "CH2DCN", "CH3C(15)N", "(13)CH3CH2CN", "CH3(13)CH2CN", "CH3CH2(13)CN", "HC3N v7=1",
    "HC3N v6=1", "HC3N v7=2", "NH2(13)CHO", "CH3CH2CHO", "a-H2CCHOH", "s-H2CCHOH", "HCCCHO", "HC5N", "NH2D",
    "H(13)CN v=0", "HC(15)N v=0", "HCN v=0", "HNC v=0", "HN(13)C", "HCO+ v=0", "H(13)CO+", "OC(34)S", "(18)OCS",
    "C(34)S v=0", "C(33)S v=0", "H2C(18)O",
)  # fmt: skip
"""Only with `--with-slaim`, a catalogue of one's own: the package has no CDMS or JPL lines of them beyond 120 GHz."""

JPL_BELOW_120_GHZ: tuple[int, ...] = (
    46008, 45003, 29003, 41009, 42001, 42008, 56001, 56002, 56003, 56004, 56005, 56006, 69002, 74002, 61004, 56010,
    54007, 53007, 54004, 75001, 76001, 76002, 76003, 76004, 76005, 76007, 28001, 29001, 30001, 29006, 44001, 46001,
    45001, 27001, 28002, 28003, 27002, 28005, 28006, 29002, 30002, 31001, 29005, 60001, 62001, 62002, 45005, 45010,
    46003, 48003, 56007, 58001, 45013, 60002, 50008, 18004,
)  # fmt: skip
"""JPL tags that Splatalogue's package lists without CDMS or JPL lines; CASA's copy of JPL ends at 120 GHz."""

CAT_FILES: tuple[tuple[str, str, str], ...] = (("CH3OH", "CH3OH/c032504-5Q.cat", "vt"), ("NH3", "NH3/c017506.cat", ""))
"""CDMS entries that the package `linecat` carries as they are: species, file, quantum number that splits the states."""
