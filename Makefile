# mlxbench: make builds ./mlxbench; `make run` and `make test` set up, build and do their job.  Never edited to add an op
# or a backend: sources, ops and backends are found by their folders.
BUILD   ?= build
CC      ?= cc
CFLAGS  ?= -O2 -g
PREFIX  ?= /usr/local
SAN     ?=
COVER   ?=
SPIRV   ?= spirv
AVX2    := -mavx2 -mfma -mf16c
AVX512  := $(AVX2) -mavx512f -mavx512bw -mavx512dq -mavx512vl -mprefer-vector-width=512
# Newer instruction sets, as far as the compiler has them.
takes    = $(shell $(CC) $(1) -fsyntax-only -x c /dev/null 2> /dev/null && echo $(1))
AVX512_BF16 := $(AVX512) $(call takes,-mavx512bf16)
AVX512_FP16 := $(AVX512) $(call takes,-mavx512fp16)
AMX     := $(AVX512_BF16) $(call takes,-mamx-tile -mamx-bf16)
WARN    := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wvla $(if $(findstring clang,$(CC)),,-Wno-format-truncation)
# -ffp-contract=off: the oracle rounds where it is written; only the CPU kernels may fuse.
BASE    := -std=c11 -D_GNU_SOURCE -fPIC -ffp-contract=off $(WARN) -I. -I$(BUILD) -MMD -MP \
           '-DMXB_CFLAGS="$(CFLAGS)"' '-DMXB_AVX2_FLAGS="$(AVX2)"' '-DMXB_AVX512_FLAGS="$(AVX512)"' \
           '-DMXB_AVX512_BF16_FLAGS="$(AVX512_BF16)"' '-DMXB_AVX512_FP16_FLAGS="$(AVX512_FP16)"' \
           '-DMXB_AMX_FLAGS="$(AMX)"'
LDLIBS  := -lyaml -lsqlite3 -ljson-c -lz -lpthread -ldl -lm
X86     := $(filter x86_64,$(shell uname -m))

GEN     := $(BUILD)/gen
SRC     := $(wildcard harness/*.c backends/*/*.c kernels/*/*/*.c)
OBJ     := $(SRC:%.c=$(BUILD)/%.o) $(GEN)/linked.o $(GEN)/embedded.o $(GEN)/assets.o
LIBOBJ  := $(filter-out $(BUILD)/harness/main.o,$(OBJ))
OPS     := $(sort $(basename $(notdir $(wildcard kernels/*/*/*.def))))
BACKENDS := $(sort $(notdir $(wildcard backends/*)))
EMBED   := $(sort $(wildcard kernels/common/* kernels/*/*/*.c kernels/*/*/*.h kernels/*/*/*.def kernels/*/*/*.cl kernels/*/*/*.comp kernels/*/*/*.glsl) \
           $(wildcard harness/mxb_*.h))
ASSETS  := $(sort $(wildcard scripts/gnuplot/*.gp scripts/report/*))
SHADERS := $(wildcard kernels/*/*/*.comp kernels/*/*/*.glsl kernels/common/* kernels/*/*/*.def)
UNIT    := $(patsubst tests/unit/%.c,$(BUILD)/tests/%,$(wildcard tests/unit/test_*.c)) \
           $(patsubst tests/fuzz/%.c,$(BUILD)/tests/test_%,$(wildcard tests/fuzz/fuzz_*.c))
TESTSPV := $(patsubst tests/unit/shaders/%.comp,$(BUILD)/tests/spv/%.spv,$(wildcard tests/unit/shaders/*.comp))

.PHONY: all run test unit bench-self mutants fuzz lint tsan setup install uninstall bundle clean FORCE
all: mlxbench

mlxbench: $(BUILD)/mlxbench
	@cp -f $< $@

$(BUILD)/mlxbench: $(OBJ) $(GEN)/spirv.o
	$(CC) $(CFLAGS) $(SAN) -rdynamic -o $@ $^ $(LDLIBS)

# ---- objects: kernels' CPU files by suffix ----
ISA_OF = $(if $(filter %_amx,$1),$(AMX))$(if $(filter %_avx512_bf16,$1),$(AVX512_BF16))$(if $(filter %_avx512_fp16,$1),$(AVX512_FP16))$(if $(filter %_avx512,$1),$(AVX512))$(if \
         $(filter %_avx2,$1),$(AVX2))
ISA = $(if $(X86),$(call ISA_OF,$*))
# COVER: what a fuzzer follows.  It runs no kernel, so those are compiled in the quickest way.
KERNEL = $(findstring _cpu,$(notdir $*))
KERNEL_FLAGS = -ffp-contract=fast $(ISA) $(if $(COVER),-O0,$(if $(SAN),-O1,-O3) $(SAN))
$(BUILD)/%.o: %.c | $(GEN)/revision.h
	@mkdir -p $(@D)
	$(CC) $(BASE) $(CFLAGS) $(if $(KERNEL),$(KERNEL_FLAGS),$(COVER) $(SAN)) -c -o $@ $<
$(GEN)/%.o: $(GEN)/%.c
	$(CC) $(BASE) $(CFLAGS) $(SAN) -c -o $@ $<

# ---- generated ----
$(GEN)/revision.h: FORCE
	@mkdir -p $(GEN)
	@scripts/build/revision.sh > $@.new; cmp -s $@.new $@ && rm $@.new || mv $@.new $@
$(GEN)/linked.c: Makefile scripts/build/linked.sh $(wildcard kernels/* kernels/*/* backends/*)
	@mkdir -p $(GEN)
	@scripts/build/linked.sh "$(OPS)" "$(BACKENDS)" > $@
$(GEN)/embedded.c: scripts/build/embed.sh $(EMBED)
	@mkdir -p $(GEN)
	@printf '%s\t%s\n' $(foreach f,$(EMBED),$(f) $(f)) | scripts/build/embed.sh embedded embedded_files embedded_count > $@
$(GEN)/assets.c: scripts/build/embed.sh $(ASSETS)
	@mkdir -p $(GEN)
	@printf '%s\t%s\n' $(foreach f,$(ASSETS),$(f) $(f)) | scripts/build/embed.sh embedded embedded_assets embedded_asset_count > $@
$(GEN)/nospirv.c: scripts/build/embed.sh
	@mkdir -p $(GEN)
	scripts/build/embed.sh embedded_spirv embedded_spirv embedded_spirv_count < /dev/null > $@
# The op tables say which shaders there are: a first link without SPIR-V lists them.
$(BUILD)/lister: $(OBJ) $(GEN)/nospirv.o
	$(CC) $(CFLAGS) $(SAN) -rdynamic -o $@ $^ $(LDLIBS)
$(GEN)/spirv.c: $(BUILD)/lister $(SHADERS) scripts/build/spirv.sh scripts/build/embed.sh
	scripts/build/spirv.sh $(BUILD)/lister $(BUILD)/spv > $@.new
	@mv $@.new $@

# ---- tests ----
$(BUILD)/tests/spv/%.spv: tests/unit/shaders/%.comp
	@mkdir -p $(@D)
	glslc -O --target-env=vulkan1.1 -I. -o $@ $<
# SPIRV=nospirv leaves the shaders out, for what runs no Vulkan kernel.
$(BUILD)/tests/%: tests/unit/%.c $(LIBOBJ) $(GEN)/$(SPIRV).o
	@mkdir -p $(@D)
	$(CC) $(BASE) $(CFLAGS) $(SAN) -MF $(BUILD)/tests/$*.d -o $@ $< $(LIBOBJ) $(GEN)/$(SPIRV).o -lcmocka $(LDLIBS)
# What the fuzzers have found stays found.
$(BUILD)/tests/test_fuzz_%: tests/fuzz/fuzz_%.c tests/fuzz/replay.c $(LIBOBJ) $(GEN)/nospirv.o
	@mkdir -p $(@D)
	$(CC) $(BASE) $(CFLAGS) $(SAN) -DFUZZ_TARGET='"$*"' -MF $(BUILD)/tests/test_fuzz_$*.d -o $@ $(filter-out %.h,$^) $(LDLIBS)
$(BUILD)/tests/bench/%: tests/bench/%.c $(LIBOBJ) $(GEN)/spirv.o
	@mkdir -p $(@D)
	$(CC) $(BASE) $(CFLAGS) $(SAN) -MF $(BUILD)/tests/bench/$*.d -o $@ $< $(LIBOBJ) $(GEN)/spirv.o $(LDLIBS)
unit: $(UNIT) $(TESTSPV)

setup:
	@scripts/setup.sh
run: setup
	@$(MAKE) --no-print-directory all
	./mlxbench run suites/flash_attn.yaml
test: setup
	@$(MAKE) --no-print-directory -s all unit
	@$(MAKE) --no-print-directory -s BUILD=$(BUILD)/asan CFLAGS="-O1 -g" SAN="-fsanitize=address,undefined -fno-sanitize-recover=undefined" unit
	@tests/run.sh $(BUILD)
bench-self: all
	@scripts/bench_self.sh $(BUILD)
# Which entry points there are and pass: statuses alone, so that the file changes only when they do.
.PHONY: coverage
coverage: all
	@rm -f $(BUILD)/coverage.db*
	./mlxbench run suites/smoke.yaml --check-only --quiet --db $(BUILD)/coverage.db || true
	./mlxbench list --coverage --db $(BUILD)/coverage.db > docs/coverage.md
mutants: all
	@tests/mutants/run.sh

# ---- fuzzing: libFuzzer of clang, each target for SECONDS, or RUNS executions; finds are kept under build/fuzz ----
SECONDS := 60
RUNS    :=
FUZZERS := $(patsubst tests/fuzz/%.c,$(BUILD)/tests/%,$(wildcard tests/fuzz/fuzz_*.c))
$(BUILD)/tests/fuzz_%: tests/fuzz/fuzz_%.c $(LIBOBJ) $(GEN)/nospirv.o
	@mkdir -p $(@D)
	$(CC) $(BASE) $(CFLAGS) $(SAN) -fsanitize=fuzzer -o $@ $< $(LIBOBJ) $(GEN)/nospirv.o $(LDLIBS)
fuzzers: $(FUZZERS)
fuzz:
	@command -v clang > /dev/null || { echo "fuzz: needs clang: apt-get install clang libclang-rt-14-dev" >&2; exit 1; }
	@$(MAKE) --no-print-directory -s BUILD=$(BUILD)/fuzz CC=clang CFLAGS="-O1 -g" COVER=-fsanitize=fuzzer-no-link SAN="-fsanitize=address,undefined -fno-sanitize-recover=undefined" fuzzers
	@scripts/fuzz.sh $(BUILD)/fuzz $(SECONDS) $(RUNS)

# ---- static analysis, and data races in what runs on several threads ----
lint: $(GEN)/revision.h
	@scripts/lint.sh $(BUILD)
# The tests of whatever has threads, then all CPU kernels on the pool, in one process: TSan looks into no forked one.
THREADED := cpu parallel oracle registry problem flash_attn_cpu rms_norm_cpu
tsan:
	@$(MAKE) --no-print-directory -s BUILD=$(BUILD)/tsan CFLAGS="-O1 -g" SAN=-fsanitize=thread SPIRV=nospirv \
	  $(THREADED:%=$(BUILD)/tsan/tests/test_%) $(BUILD)/tsan/lister
	@scripts/tsan.sh $(BUILD)/tsan $(THREADED)

# ---- for machines where nothing can be installed: libraries inside, symbols of glibc 2.31 ----
WRAPPED := __libc_start_main dlclose dlerror dlopen dlsym fstat fstat64 fstatat lstat lstat64 pthread_create pthread_detach \
           pthread_join pthread_mutex_trylock pthread_mutexattr_destroy pthread_mutexattr_init pthread_mutexattr_settype \
           pthread_setaffinity_np pthread_setname_np sigabbrev_np stat stat64
$(BUILD)/bundle/mlxbench: $(OBJ) $(GEN)/spirv.o scripts/build/old_glibc.c
	@mkdir -p $(@D)
	$(CC) $(BASE) $(CFLAGS) -c -o $(@D)/old_glibc.o scripts/build/old_glibc.c
	$(CC) $(CFLAGS) -rdynamic -o $@ $(OBJ) $(GEN)/spirv.o $(@D)/old_glibc.o $(WRAPPED:%=-Wl,--wrap=%) -static-libgcc \
	  -l:libyaml.a -l:libsqlite3.a -l:libjson-c.a -l:libz.a -Wl,--no-as-needed -l:libpthread.so.0 -l:libdl.so.2 -Wl,--as-needed -lm
bundle: all $(BUILD)/bundle/mlxbench
	@scripts/bundle.sh $(BUILD)/bundle/mlxbench dist

install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/mlxbench/suites $(DESTDIR)$(PREFIX)/share/doc/mlxbench
	install -m 755 mlxbench $(DESTDIR)$(PREFIX)/bin/mlxbench
	install -d $(DESTDIR)$(PREFIX)/share/mlxbench/gnuplot $(DESTDIR)$(PREFIX)/share/mlxbench/peers $(DESTDIR)$(PREFIX)/share/man/man1 \
	  $(DESTDIR)$(PREFIX)/share/bash-completion/completions $(DESTDIR)$(PREFIX)/share/zsh/site-functions \
	  $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d
	install -m 644 suites/*.yaml $(DESTDIR)$(PREFIX)/share/mlxbench/suites
	install -m 644 scripts/gnuplot/*.gp $(DESTDIR)$(PREFIX)/share/mlxbench/gnuplot
	install -m 755 scripts/peers/*.py $(DESTDIR)$(PREFIX)/share/mlxbench/peers
	./mlxbench manual > $(DESTDIR)$(PREFIX)/share/man/man1/mlxbench.1
	./mlxbench completion bash > $(DESTDIR)$(PREFIX)/share/bash-completion/completions/mlxbench
	./mlxbench completion zsh > $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_mlxbench
	./mlxbench completion fish > $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/mlxbench.fish
	install -m 644 README.md LICENSE docs/*.md $(DESTDIR)$(PREFIX)/share/doc/mlxbench
uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/mlxbench $(DESTDIR)$(PREFIX)/share/man/man1/mlxbench.1 \
	  $(DESTDIR)$(PREFIX)/share/bash-completion/completions/mlxbench $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_mlxbench \
	  $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/mlxbench.fish
	rm -rf $(DESTDIR)$(PREFIX)/share/mlxbench $(DESTDIR)$(PREFIX)/share/doc/mlxbench
clean:
	rm -rf $(BUILD) mlxbench
FORCE:
.SECONDARY:
-include $(OBJ:.o=.d) $(UNIT:=.d)
