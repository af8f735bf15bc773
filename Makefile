# Two commands for a fresh Debian 12 or Ubuntu 24.04 with Python 3.11+ and make: `make run` and `make test`.
# Each installs what it needs, says what and why, and can be repeated.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export QT_QUICK_BACKEND ?= software

# What the product needs of the system, and why.
APT_RUN := python3-venv \
	libegl1 libgl1 libopengl0 libglib2.0-0 libfontconfig1 libdbus-1-3 libxkbcommon0 libnss3 libpulse0 \
	libxkbcommon-x11-0 libxcb-cursor0 libxcb-icccm4 libxcb-image0 libxcb-keysyms1 libxcb-randr0 \
	libxcb-render-util0 libxcb-shape0 libxcb-xinerama0 libxcb-xkb1 \
	fonts-hanazono alsa-utils
WHY_RUN := Python environments, Qt's system libraries, a font for rare characters of names, and aplay for short sounds
APT_TEST := chromium fonts-noto-cjk git libatomic1 gcc libc6-dev
WHY_TEST := a browser for the tests of the web pages with its driver, a Chinese font, and a C compiler for the recorder of disk writes

# What tools/corner_net, tools/upright_net and the rendered benchmarks draw with.
APT_FONTS := fonts-noto-cjk fonts-wqy-microhei fonts-wqy-zenhei fonts-arphic-ukai fonts-arphic-uming fonts-dejavu-core \
	fonts-liberation fonts-freefont-ttf fonts-lato fonts-open-sans fonts-crosextra-caladea fonts-dancingscript \
	fonts-dkg-handwriting

# Tests of whole terminals, of drivers and of processes that are killed keep to the wall clock, and wait more than they
# work: one terminal at a time (tests/conftest.py), and the others one by one beside it. The longest comes first.
TIMED := tests/sync/test_real_processes.py tests/robot \
	tests/devices/test_drivers.py tests/devices/test_faults_of_camera.py tests/devices/test_flow_control.py

.PHONY: run test check soak fuzz bench bench-scan bench-changed bench-rendered shots clean setup lock apt-run apt-test

run: setup ## the demo: everything on this machine, with simulated hardware
	$(BIN)/kiosk demo

test: setup-dev apt-test ## all tests of CI
	QT_QPA_PLATFORM=offscreen $(BIN)/python -m pytest -n logical --dist loadfile $(addprefix --ignore=,$(TIMED) tests/fleet)
	QT_QPA_PLATFORM=offscreen $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder $(TIMED)
	$(BIN)/python -m pytest -s -o faulthandler_timeout=0 tests/fleet

check: setup-dev ## format, lint, types, QML, layers, dependencies, dead code
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python tools/qml_check.py
	$(BIN)/lint-imports
	$(BIN)/deptry .
	$(BIN)/vulture
	$(BIN)/kiosk catalogue check
	$(BIN)/python tools/generated.py --check

soak: setup-dev ## long runs: kills and faults for half an hour, days of faults on virtual time, the walks again and again
	QT_QPA_PLATFORM=offscreen $(BIN)/python -m tests.soak.devices --minutes 30
	QT_QPA_PLATFORM=offscreen $(BIN)/python -m tests.soak.camera --minutes 10
	$(BIN)/python -m tests.soak.pictures
	$(BIN)/python -m tests.power_loss.rig --cuts 10000 --runs 20 --plants
	$(BIN)/python -m tests.power_loss.failing --all
	$(BIN)/python -m tests.fleet.run --submissions 100000
	$(BIN)/python -m tests.fleet.run --swarm --submissions 150000
	$(BIN)/python -m tests.soak.platform --submissions 2000 --minutes 10
	BIANMIN_SEEDS=20 $(BIN)/python -m pytest --timeout=0 tests/devices/test_day_of_faults.py
	for round in 1 2 3 4 5; do QT_QPA_PLATFORM=offscreen $(BIN)/python -m pytest tests/robot || exit 1; done

FUZZ ?= 10000000
fuzz: setup-dev ## coverage-guided fuzzing of the parsers, going on where it stopped, and long hypothesis runs
	$(BIN)/python -m pip install --disable-pip-version-check --progress-bar off --require-hashes -r requirements/fuzz.txt
	for target in sam printer mrz; do $(BIN)/python -m tests.fuzz.run $$target --count $(FUZZ) || exit 1; done
	$(BIN)/python -m pytest --hypothesis-profile=fuzz --timeout=0 -o faulthandler_timeout=0 -k property tests

bench: setup-dev ## measurements as ratios
	$(BIN)/python -m tests.benchmarks.submit
	$(BIN)/python -m tests.benchmarks.devices
	$(BIN)/python -m tests.benchmarks.platform
	$(BIN)/python -m tests.benchmarks.platform --postgresql
	for what in heartbeats many_cases; do $(BIN)/python -m tests.benchmarks.$$what; \
		$(BIN)/python -m tests.benchmarks.$$what --postgresql; done
	$(BIN)/python -m tests.benchmarks.drain
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m tests.benchmarks.peers $(if $(POUCHDB),--pouchdb $(POUCHDB))
	QT_QPA_PLATFORM=offscreen $(BIN)/python -m tests.benchmarks.events

bench-rendered: setup-dev ## the scanner on pages drawn from a seed, beside classic detectors; and spoiled pages
	@tools/apt.sh "fonts that the pages are drawn with" $(APT_FONTS)
	$(BIN)/python -m tests.benchmarks.frozen
	$(BIN)/python -m tests.benchmarks.quality

bench-scan: setup-dev ## the scanner on photographs with known corners and codes: make bench-scan [DATA=folder]
	$(BIN)/python -m tests.benchmarks.scan $(if $(DATA),--data $(DATA))

bench-changed: setup-dev ## the same pictures turned, slanted, farther away, darker, packed hard: make bench-changed [DATA=folder]
	$(BIN)/python -m tests.benchmarks.changed $(if $(DATA),--data $(DATA))

shots: setup-dev ## pictures of every screen, both languages, both modes, both ways up
	for way in "" --landscape; do for words in zh en; do for mode in "" --elder; do \
		$(BIN)/kiosk robot --out shots/upright$$way --language $$words $$way $$mode || exit 1; \
	done; done; done

clean: ## everything that was made here
	rm -rf $(VENV) var shots build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

setup: apt-run $(VENV)/.run
setup-dev: apt-run $(VENV)/.dev

$(VENV)/.run: requirements/demo.txt pyproject.toml
	$(call venv,requirements/demo.txt)
	touch $@

$(VENV)/.dev: requirements/dev.txt pyproject.toml
	$(call venv,requirements/dev.txt)
	touch $@ $(VENV)/.run

# Locked versions, each with its hashes; the project itself without fetching anything.
define venv
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing Python packages from $(1)"
	$(BIN)/python -m pip install --disable-pip-version-check --progress-bar off --require-hashes -r $(1)
	$(BIN)/python -m pip install --disable-pip-version-check --no-deps --no-build-isolation -e .
endef

apt-run:
	@tools/apt.sh "$(WHY_RUN)" $(APT_RUN)

apt-test:
	@tools/apt.sh "$(WHY_TEST)" $(APT_TEST)

lock: ## lock the dependencies for Python 3.11 to 3.13, with hashes and without addresses
	for extra in terminal hub demo dev fuzz; do \
		uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
			--no-emit-index-url --extra $$extra --extra build pyproject.toml \
			-o requirements/$$extra.txt; done
