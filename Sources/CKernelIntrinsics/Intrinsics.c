// A target of C needs a file to compile; all of this one is in its header.
#include "CKernelIntrinsics.h"
