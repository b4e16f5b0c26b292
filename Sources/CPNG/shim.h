// libpng reports errors by longjmp, so no Swift code imports this module: CImageCodec wraps it.
#include <stdio.h>
#include <png.h>
