# The two commands of the README come first: each does all its own set-up on a fresh Debian 12 machine with Swift 6.
SWIFT  := swift
CONFIG := -c release -Xswiftc -enable-testing
LOAM   := .build/release/loam

.PHONY: demo test build bench bench-waits table-objectives docs scripts notebooks soak sanitize check-peers check-kernel check-lua check-browser packages clean

demo: build
	$(LOAM) run scripts/quickstart.lua --preset demo

test: build
	$(SWIFT) test $(CONFIG) --skip-build

# The one build of everything: with other options, or by `swift test` itself, the package manager would compile all of it again.
build: packages
	$(SWIFT) build $(CONFIG) --build-tests

PACKAGES := liblua5.4-dev libopenblas-dev libpng-dev libturbojpeg0-dev zlib1g-dev libzip-dev libedit-dev libzmq3-dev libsqlite3-dev gnuplot-nox pandoc pkg-config

# Installs what is missing; does nothing, and asks for no rights, when all is there.
packages:
	@missing=$$(for p in $(PACKAGES); do dpkg-query -W -f='$${Status}' $$p 2>/dev/null | grep -q 'ok installed' || echo $$p; done); \
	if [ -n "$$missing" ]; then \
	  sudo=; [ $$(id -u) = 0 ] || sudo=sudo; \
	  echo "installing $$missing"; \
	  $$sudo apt-get update -qq && DEBIAN_FRONTEND=noninteractive $$sudo apt-get install -y -qq --no-install-recommends $$missing; \
	fi

# Loam beside PyTorch, alternating; needs the peers' Python (Benchmarks/README.md).
bench: build
	python3 Benchmarks/compare.py

# How long a user waits: start-up, the kernel, echoes, Ctrl-C (the kernel's figure needs pyzmq).
bench-waits: build
	python3 Benchmarks/responsiveness.py

# Every objective on the same pictures, three seeds: half an hour on two cores.
table-objectives: build
	$(LOAM) run scripts/table_objectives.lua --preset laptop

# The paper's figures and tables with the preset laptop: hours from an empty store, in any number of pieces; its stages' results are kept in the repository.
notebooks: build
	$(LOAM) notebook build notebooks --preset laptop --keep --out docs/notebooks --to none

# The experiments' scripts, written from their notebooks.
scripts: build
	for n in notebooks/*.md; do [ $$n = notebooks/tutorial.md ] || $(LOAM) notebook tangle $$n scripts/$$(basename $$n .md).lua || exit 1; done

# The reference of all Lua functions, and stubs for editors.
docs: build
	$(LOAM) reference docs/reference

# Kills the quickstart, a generation (on one and on two threads), training and the build of notebooks at random moments, and compares the bytes of what they leave;
# feeds the readers of files fifty times as many mutations as the tests do.
soak: build
	Tests/Soak/resume.sh
	Tests/Soak/generate.sh
	Tests/Soak/training.sh
	LOAM_FUZZ=50 $(SWIFT) test $(CONFIG) --skip-build --filter 'Formats|Files|Text|Shard|Codec|Loader|Safetensors|Numpy|Tokenizer|CSV'
	Tests/Soak/notebooks.sh

# The tests of tensors, files and bindings under AddressSanitizer, then those of tensors and threads under ThreadSanitizer; builds everything twice more, ten
# minutes each on two cores. Leaks are not looked for: Lua states and caches live as long as the process.
sanitize: packages
	$(SWIFT) build $(CONFIG) --build-tests --sanitize=address --scratch-path .build/address
	ASAN_OPTIONS=detect_leaks=0 $(SWIFT) test $(CONFIG) --sanitize=address --scratch-path .build/address --skip-build \
	  --filter 'MLTests\.(Tensor|MemoryPool|Gradient|Operation|Kernel|Winograd|MatrixProduct|Promotion|Recomputation|LBFGS|Thread|Numpy|Safetensors)|TensorBorder'
	$(SWIFT) build $(CONFIG) --build-tests --sanitize=thread --scratch-path .build/thread
	TSAN_OPTIONS=halt_on_error=1 $(SWIFT) test $(CONFIG) --sanitize=thread --scratch-path .build/thread --skip-build \
	  --filter 'MLTests\.(Tensor|MemoryPool|Gradient|Operation|Kernel|Winograd|MatrixProduct|Promotion|Recomputation|LBFGS|Thread)|TensorBorder'

# The golden numbers once more, from the reference libraries themselves.
check-peers:
	Tests/Golden/check.sh

# Jupyter's own test suite, front ends and runners of notebooks, and a client of bare ZeroMQ that also judges ipykernel.
check-kernel: build
	LOAM=$(LOAM) Tests/Peers/jupyter/check.sh

# The official test suite of Lua inside Loam, the command line and typed sessions beside lua5.4's, packages of others, stubs judged by luacheck (lua5.4, lua-penlight, lua-unit, lua-busted, lua-lpeg, lua-cjson, lua-check).
check-lua: build
	LOAM=$(LOAM) Tests/Peers/lua/check.sh

# Pages in headless Chromium: our own without a network, a stranger's without effect, the preview with reload (Debian's package chromium).
check-browser: build
	python3 Tests/Browser/check.py $(LOAM)

clean:
	rm -rf .build
