import CImageCodec
import CZlib

/// Versions of the C libraries that this module stands on, as they say themselves at run time.
public enum CoreLibraryVersions {
  public static var all: [(name: String, version: String)] {
    OpenBLAS.prepare()
    return [
      ("OpenBLAS", OpenBLAS.configuration), ("libpng", String(cString: loam_png_version())), ("zlib", String(cString: zlibVersion())),
    ]
  }
}
