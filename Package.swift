// swift-tools-version:6.0
import PackageDescription

/// One folder of kernel sources, compiled once for each instruction set.
func kernels(_ name: String, define: String, flags: [String]) -> Target {
  .target(name: name, dependencies: ["CKernelIntrinsics", "KernelInterface"],
          swiftSettings: [.define(define), .unsafeFlags(["-O"] + flags.flatMap { ["-Xcc", $0] })])
}

// MARK: - C libraries
var targets: [Target] = [
  .systemLibrary(name: "CLua", pkgConfig: "lua5.4", providers: [.apt(["liblua5.4-dev"])]),
  .systemLibrary(name: "CEditLine", pkgConfig: "libedit", providers: [.apt(["libedit-dev"])]),
  .systemLibrary(name: "COpenBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev"])]),
  .systemLibrary(name: "CPNG", pkgConfig: "libpng", providers: [.apt(["libpng-dev"])]),
  .systemLibrary(name: "CTurboJPEG", pkgConfig: "libturbojpeg", providers: [.apt(["libturbojpeg0-dev"])]),
  .systemLibrary(name: "CZip", pkgConfig: "libzip", providers: [.apt(["libzip-dev"])]),
  .systemLibrary(name: "CZeroMQ", providers: [.apt(["libzmq3-dev"])]),
  .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
  .target(name: "CImageCodec", dependencies: ["CPNG"]),
  .target(name: "CLuaBridge", dependencies: ["CLua"]),
  .target(name: "CPlatform"),
]

// MARK: - Kernels
targets += [
  .target(name: "CKernelIntrinsics"),
  .target(name: "KernelInterface"),
  kernels("KernelsBase", define: "KERNELS_BASE", flags: []),
]
var vectorKernels: [Target.Dependency] = ["KernelsBase"]
#if arch(x86_64)
  targets += [
    kernels("KernelsV3", define: "KERNELS_V3", flags: ["-march=x86-64-v3"]),
    kernels("KernelsV4", define: "KERNELS_V4", flags: ["-march=x86-64-v4", "-mprefer-vector-width=512"]),
    // Products of halves alone; everything else of such a processor is KernelsV4.
    kernels("KernelsV4FP16", define: "KERNELS_V4", flags: ["-march=x86-64-v4", "-mavx512fp16", "-mprefer-vector-width=512"]),
  ]
  vectorKernels += ["KernelsV3", "KernelsV4", "KernelsV4FP16"]
#endif

// MARK: - Core
targets += [
  .target(name: "ML", dependencies: ["COpenBLAS", "CImageCodec", "CTurboJPEG", "CZip", "CZlib", "CPlatform", "KernelInterface"] + vectorKernels),
]

// MARK: - Host
targets += [
  .target(name: "Host", dependencies: [
    "CLua", "CLuaBridge", "CEditLine", "CZeroMQ",
    .product(name: "Crypto", package: "swift-crypto"),
    .product(name: "GRDB", package: "GRDB.swift"),
    .product(name: "Yams", package: "Yams"),
  ])
]

// MARK: - Bindings and tool
targets += [
  .target(name: "Bindings", dependencies: ["ML", "Host"]),
  .executableTarget(name: "loam", dependencies: ["Bindings", .product(name: "ArgumentParser", package: "swift-argument-parser")]),
]

// MARK: - Tests
targets += [
  .testTarget(name: "MLTests", dependencies: ["ML", "KernelInterface", "CPlatform"] + vectorKernels),
  // Killed, limited and starved by tests of the store.
  .executableTarget(name: "StoreProbe", dependencies: ["Host"], path: "Tests/StoreProbe"),
  .testTarget(name: "HostTests", dependencies: ["Host", "StoreProbe"]),
  .testTarget(name: "BindingsTests", dependencies: ["Bindings", "Host", "ML", "loam"]),
]

let package = Package(
  name: "loam",
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
    .package(url: "https://github.com/apple/swift-crypto", exact: "4.5.2"),
    .package(url: "https://github.com/groue/GRDB.swift", exact: "7.10.0"),
    .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
  ],
  targets: targets,
  swiftLanguageModes: [.v5]
)
