# rille: data access for Lua on a C core. `make help` lists the targets.
#
# Everything is built under build/. A variant (VARIANT=asan, ...) has its own tree, build/<variant>.
# Every target installs the Debian packages that it needs (spec/support/packages.sh), and says so.

.DELETE_ON_ERROR:
.SUFFIXES:
.DEFAULT_GOAL := all
MAKEFLAGS += --no-builtin-rules
ifeq ($(MAKELEVEL),0)
MAKEFLAGS += -j$(shell nproc 2>/dev/null || echo 1)
endif

# What may be set on the command line ------------------------------------------------------------------------------
LUA ?= 5.4
VARIANT ?=
BUILD ?= build$(if $(VARIANT),/$(VARIANT))
PREFIX ?= /usr/local
DESTDIR ?=
WITH_POSTGRES ?= 1
WITH_SQLITE ?= 1
WITH_REDIS ?= 1
ifeq ($(origin CC),default)
CC := gcc
endif
AR ?= ar
OPTIMIZE ?= -O2
CFLAGS ?=
LDFLAGS ?=
WERROR ?=
V ?=

VERSION := $(shell sed -n 's/^.define RILLE_VERSION_TEXT "\(.*\)"/\1/p' core/include/rille/version.h)
ABI := $(shell echo '$(VERSION)' | cut -d. -f1,2)
ROOT := $(CURDIR)
SILENT := $(findstring s,$(firstword -$(MAKEFLAGS)))
say = $(if $(V),,@$(if $(SILENT),,echo "  $(1)"; ))
Q := $(if $(V),,@)

# Flags ------------------------------------------------------------------------------------------------------------
# Evaluated at its first use: a target may have installed pg_config before.
once = $(eval $(1) := $(2))$($(1))
PQ_INCDIR ?= $(call once,PQ_INCDIR,$(shell pg_config --includedir 2>/dev/null || echo /usr/include/postgresql))

WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wconversion $(if $(WERROR),-Werror)
VARIANT_FLAGS_asan := -O1 -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
VARIANT_FLAGS_tsan := -O1 -fsanitize=thread -fno-omit-frame-pointer
VARIANT_FLAGS_fuzz := -O1 -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
VARIANT_FLAGS_coverage := -O0 --coverage
VARIANT_FLAGS := $(VARIANT_FLAGS_$(VARIANT))

DEFINES := -D_GNU_SOURCE -DRILLE_WITH_POSTGRES=$(if $(filter 1,$(WITH_POSTGRES)),1,0) -DRILLE_WITH_SQLITE=$(if $(filter 1,$(WITH_SQLITE)),1,0) \
  -DRILLE_WITH_REDIS=$(if $(filter 1,$(WITH_REDIS)),1,0)
BASE_CFLAGS = -std=c11 $(OPTIMIZE) -g -fPIC -pthread -fvisibility=hidden $(DEFINES) $(WARNINGS) $(VARIANT_FLAGS) $(CFLAGS)
CORE_CFLAGS = -Icore/include -Icore/src $(if $(filter 1,$(WITH_POSTGRES)),-I$(PQ_INCDIR))
LIBS := $(if $(filter 1,$(WITH_POSTGRES)),-lpq) $(if $(filter 1,$(WITH_SQLITE)),-lsqlite3) \
  $(if $(filter 1,$(WITH_REDIS)),-lhiredis -lssl -lcrypto) -lgmp -lutf8proc -lpthread -lm

LUA_INCDIR_5.4 := /usr/include/lua5.4
LUA_INCDIR_5.3 := /usr/include/lua5.3
LUA_INCDIR_5.1 := /usr/include/lua5.1
LUA_INCDIR_jit := /usr/include/luajit-2.1
LUA_INCDIR ?= $(LUA_INCDIR_$(LUA))
LUA_CMODULES := $(if $(filter jit,$(LUA)),5.1,$(LUA))
LUA_PACKAGES := $(if $(filter jit,$(LUA)),luajit,$(if $(filter 5.4,$(LUA)),,lua$(LUA)))
LUA_BIN ?= lua5.4
COMMAND = $(if $(filter 5.4,$(LUA)),$(ROOT)/lua/bin/rille,$(abspath $(BUILD))/bin/$(LUA)/rille)
LUA_COMMAND := $(if $(filter jit,$(LUA)),luajit,lua$(LUA))

# Files ------------------------------------------------------------------------------------------------------------
find_c = $(sort $(shell find $(1) -name '*.c' 2>/dev/null))
CORE_SOURCES := $(call find_c,core/src)
ifneq ($(WITH_POSTGRES),1)
CORE_SOURCES := $(filter-out core/src/driver/postgres/%,$(CORE_SOURCES))
endif
ifneq ($(WITH_SQLITE),1)
CORE_SOURCES := $(filter-out core/src/driver/sqlite/%,$(CORE_SOURCES))
endif
CORE_SOURCES := $(filter-out $(if $(filter 1,$(WITH_REDIS)),core/src/cache/redis/absent.c,$(filter-out %/absent.c,$(filter core/src/cache/redis/%,$(CORE_SOURCES)))),$(CORE_SOURCES))
LUA_SOURCES := $(call find_c,lua/src)
FUZZ_DRIVERS := spec/fuzz/plain.c spec/fuzz/libfuzzer.c
SPEC_SOURCES := $(filter-out spec/abi/% spec/bench/% spec/fault/host.c $(FUZZ_DRIVERS) $(if $(filter 1,$(WITH_REDIS)),,spec/cache/redis%),$(call find_c,spec))
TEST_SOURCES := $(filter %_test.c,$(SPEC_SOURCES))
FUZZ_SOURCES := $(filter spec/fuzz/%,$(filter-out %_test.c,$(SPEC_SOURCES)))
HELPER_SOURCES := $(filter-out %_test.c $(FUZZ_SOURCES),$(SPEC_SOURCES))
EXAMPLE_SOURCES := $(call find_c,examples)

OBJ := $(BUILD)/obj
CORE_OBJECTS := $(CORE_SOURCES:%.c=$(OBJ)/%.o)
BINDING_OBJECTS := $(LUA_SOURCES:%.c=$(OBJ)/lua-$(LUA)/%.o)
HELPER_OBJECTS := $(HELPER_SOURCES:%.c=$(OBJ)/%.o)
FUZZ_OBJECTS := $(FUZZ_SOURCES:%.c=$(OBJ)/%.o)
EXAMPLE_OBJECTS := $(EXAMPLE_SOURCES:%.c=$(OBJ)/%.o)
EXAMPLES := $(EXAMPLE_SOURCES:%.c=$(BUILD)/%)
TEST_PROGRAMS := $(TEST_SOURCES:%.c=$(BUILD)/%)

SHARED := $(BUILD)/librille.so.$(ABI)
ARCHIVE := $(BUILD)/librille.a
BINDING := $(BUILD)/lua/$(LUA)/rille/core.so
YARDSTICK_SOURCES := $(sort $(wildcard spec/bench/*.c))
YARDSTICK := $(BUILD)/bench/yardstick.so
MAP := $(wildcard core/rille.map)

.PHONY: all lib lua help env demo examples check test tests check-programs asan tsan valgrind bench lint abi conformance install uninstall rock rock-install \
  objects binding-objects format clean packages-build

all: lib lua examples
lib: $(SHARED)
lua: $(BINDING)

help:
	@printf '%s\n' 'make             the library, the Lua binding and the C examples, under build/' \
	  'make demo        the blog job of examples/blog; DATABASE_URL=postgresql://... runs it on PostgreSQL' \
	    'make check       tests that need no server, in under a minute, and the quick parts of the lint' \
	    'make test        every test, on both databases; T="word ..." only the files whose path has one of the words' \
  'make long        tests that take longer, and the tests at other times (make faketime)' \
  'make prisma      installs the npm packages with which tests run real Prisma (RILLE_PRISMA=folder or off); make test does it once' \
  'make types       builds emmylua_check under build/, if cargo is installed; make test then checks the types for editors with it' \
  'make asan        the C tests and the Lua tests on SQLite under AddressSanitizer and UBSan' \
  'make valgrind    the same tests under valgrind' \
  'make tsan        threads that share one pool, also with faults, under ThreadSanitizer' \
	  'make fuzz        mutated calls, schemas, scripts, cells, ... against their harnesses; SECONDS=60 for all of them, T="calls json" only those' \
	  'make bench       rille against hand-written C that fills the same Lua tables; ARGS=growth: how the cost grows' \
	  'make lint        formatting, luacheck, include order, symbols, warnings of gcc and clang' \
	  'make abi         headers, symbols and layout of the public C interface' \
	    'make conformance the cases of a conformance suite at ../shared/conformance, on both databases' \
	  'make env         prints what a shell needs to use the build: eval "$$(make -s env)"' \
	  'make lua LUA=5.3 the binding for another Lua: 5.4, 5.3, 5.1 or jit' \
	  'make install     PREFIX=$(PREFIX), DESTDIR for packagers' \
	  'make format      clang-format over the C files' \
	  'make clean       removes build/' '' \
	  'WITH_POSTGRES=0 or WITH_SQLITE=0 leaves a database out, WITH_REDIS=0 the store in Redis; V=1 shows the commands.' \
	  'RILLE_DEBUG=sql,plan,pool,phases,wait in the environment of a program traces to stderr: docs/contributing.md.'

# Building ---------------------------------------------------------------------------------------------------------
packages-build:
	@spec/support/packages.sh build $(LUA_PACKAGES)

# Objects depend on the flags: another CFLAGS or WITH_... builds them again.
FLAGS_TEXT = $(CC) $(BASE_CFLAGS) $(CORE_CFLAGS) $(LDFLAGS) $(LIBS)
$(OBJ)/flags: force-flags | packages-build
	@mkdir -p $(@D); printf '%s\n' '$(FLAGS_TEXT)' | cmp -s - $@ || printf '%s\n' '$(FLAGS_TEXT)' >$@
.PHONY: force-flags

objects: $(CORE_OBJECTS) $(BINDING_OBJECTS) $(patsubst %.c,$(OBJ)/%.o,$(SPEC_SOURCES) $(FUZZ_DRIVERS)) $(EXAMPLE_OBJECTS) $(YARDSTICK)
binding-objects: $(BINDING_OBJECTS)
headers:
	@echo '$(LUA_INCDIR)'
.PHONY: headers

$(OBJ)/core/%.o: core/%.c $(OBJ)/flags
	$(Q)mkdir -p $(@D)
	$(call say,cc $<)$(CC) $(BASE_CFLAGS) $(CORE_CFLAGS) -MMD -MP -c $< -o $@

$(OBJ)/spec/%.o: spec/%.c $(OBJ)/flags
	$(Q)mkdir -p $(@D)
	$(call say,cc $<)$(CC) $(BASE_CFLAGS) $(CORE_CFLAGS) -Ispec -MMD -MP -c $< -o $@

$(OBJ)/examples/%.o: examples/%.c $(OBJ)/flags
	$(Q)mkdir -p $(@D)
	$(call say,cc $<)$(CC) $(BASE_CFLAGS) -Icore/include -MMD -MP -c $< -o $@

$(OBJ)/lua-$(LUA)/%.o: %.c $(OBJ)/flags
	$(Q)mkdir -p $(@D)
	$(call say,cc $< (Lua $(LUA)))$(CC) $(BASE_CFLAGS) -Icore/include -Ilua/src -I$(LUA_INCDIR) -MMD -MP -c $< -o $@

$(ARCHIVE): $(CORE_OBJECTS)
	$(call say,ar $@)rm -f $@; $(AR) rcs $@ $^

# -z nodelete: hosts that close a Lua state unload its modules; our process-wide pool must outlive that.
$(SHARED): $(CORE_OBJECTS) $(MAP)
	$(call say,ld $@)$(CC) -shared $(VARIANT_FLAGS) $(LDFLAGS) -Wl,-z,nodelete -Wl,-soname,librille.so.$(ABI) -Wl,-z,defs \
	  $(if $(MAP),-Wl$(comma)--version-script=$(MAP) -Wl$(comma)--no-undefined-version) $(CORE_OBJECTS) $(LIBS) -o $@
	$(Q)ln -sf librille.so.$(ABI) $(BUILD)/librille.so
comma := ,

# Not linked against liblua, which the host provides. The module finds the library by the same relative path when installed.
$(BINDING): $(BINDING_OBJECTS) $(SHARED)
	$(Q)mkdir -p $(@D)
	$(call say,ld $@)$(CC) -shared $(VARIANT_FLAGS) $(LDFLAGS) -Wl,-z,nodelete '-Wl,-rpath,$$ORIGIN/../../..' $(BINDING_OBJECTS) -L$(BUILD) -lrille -lpthread -lm -o $@

examples: $(EXAMPLES)
$(BUILD)/examples/%: $(OBJ)/examples/%.o $(SHARED)
	$(Q)mkdir -p $(@D)
	$(call say,ld $@)$(CC) $(VARIANT_FLAGS) $(LDFLAGS) $< -L$(BUILD) -lrille -Wl,-rpath,$(abspath $(BUILD)) -o $@

# For a shell: eval "$(make -s env)".
env: $(COMMAND)
	@printf 'export LUA_PATH="%s"\nexport LUA_CPATH="%s"\nexport PATH="%s"\n' '$(ROOT)/lua/?.lua;$(ROOT)/lua/?/init.lua;;' \
	  '$(abspath $(BUILD))/lua/$(LUA)/?.so;;' '$(patsubst %/,%,$(dir $(COMMAND))):$$PATH'

# The command's first line names Lua 5.4. For another Lua, a script calls it.
$(abspath $(BUILD))/bin/$(LUA)/rille:
	$(Q)mkdir -p $(@D)
	$(Q)printf '#!/bin/sh\nexec %s "%s" "$$@"\n' '$(LUA_COMMAND)' '$(ROOT)/lua/bin/rille' >$@
	$(Q)chmod 755 $@

# Trying it --------------------------------------------------------------------------------------------------------
demo: lib lua
	@mkdir -p $(BUILD)/demo
	@eval "$$($(MAKE) -s --no-print-directory env)"; cd examples/blog && \
	  DATABASE_URL="$${DATABASE_URL:-file:$(abspath $(BUILD))/demo/blog.db}" $(LUA_BIN) blog.lua

# Tests ------------------------------------------------------------------------------------------------------------
$(BUILD)/spec/fuzz/fuzz_test: $(FUZZ_OBJECTS)
$(BUILD)/spec/%_test: $(OBJ)/spec/%_test.o $(HELPER_OBJECTS) $(ARCHIVE)
	$(Q)mkdir -p $(@D)
	$(call say,ld $@)$(CC) $(VARIANT_FLAGS) $(LDFLAGS) -pthread $(filter %.o,$^) $(ARCHIVE) -lcmocka $(LIBS) -o $@

# Lua 5.4 with the core and the binding in one program, for tests with threads or their own allocator.
HOST := $(BUILD)/spec/fault/host
$(OBJ)/spec/fault/host.o: spec/fault/host.c $(OBJ)/flags
	$(Q)mkdir -p $(@D)
	$(call say,cc $<)$(CC) $(BASE_CFLAGS) -I$(LUA_INCDIR_5.4) -MMD -MP -c $< -o $@

$(HOST): $(OBJ)/spec/fault/host.o $(BINDING_OBJECTS) $(ARCHIVE)
	$(Q)mkdir -p $(@D)
	$(call say,ld $@)$(CC) $(VARIANT_FLAGS) $(LDFLAGS) -pthread -Wl,-E $(OBJ)/spec/fault/host.o $(BINDING_OBJECTS) $(ARCHIVE) -llua5.4 $(LIBS) -o $@

host: $(HOST)
.PHONY: host

check-programs: $(TEST_PROGRAMS)

# The runner counts a program that does not build as a failed test. The others still run.
test:
	@spec/support/packages.sh build test abi
	@spec/support/packages.sh other-luas || echo "the tests of a Lua that is missing are left out" >&2
	@+export RILLE_PG_BASE="$${RILLE_PG_BASE:-$$(spec/support/place.sh)}"; \
	MAKE='$(MAKE)' BUILD='$(BUILD)' VARIANT='$(VARIANT)' spec/support/pg.sh run spec/run $(T)
tests: test

# Real Prisma's npm packages, for the specs under spec/prisma. `test` installs them once, if possible.
prisma:
	@BUILD='$(BUILD)' spec/prisma/install.sh --again
.PHONY: prisma

# The checker of the types for editors. `test` uses it if it exists.
types:
	@BUILD='$(BUILD)' spec/tools/checker.sh --install
.PHONY: types

asan:
	@spec/support/packages.sh build test asan
	@+MAKE='$(MAKE)' BUILD='$(BUILD)/asan' VARIANT=asan spec/support/pg.sh run spec/run --sqlite-only-lua $(T)

# C tests of what several threads share.
RACES := running/pool running/plan_cache running/tx running/expiry running/foreign running/notice running/listen cache/flight cache/ledger cache/store cache/redis_t
# The interpreter is not instrumented, so the load is a separate program that links Lua (spec/fault/host.c), started by a normal spec.
tsan:
	@spec/support/packages.sh build test tsan
	@+MAKE='$(MAKE)' BUILD='$(BUILD)/tsan' VARIANT=tsan spec/support/pg.sh run setarch -R spec/run $(or $(T),$(RACES))
	@+$(MAKE) -s VARIANT=tsan BUILD='$(BUILD)/tsan' host
	@+MAKE='$(MAKE)' BUILD='$(BUILD)' VARIANT='' RILLE_HOST='$(abspath $(BUILD))/tsan/spec/fault/host' spec/support/pg.sh run setarch -R spec/run fault/ extend/load cache/one_key cache/oracle

valgrind:
	@spec/support/packages.sh build test valgrind
	@+MAKE='$(MAKE)' BUILD='$(BUILD)' VARIANT='' RILLE_UNDER=valgrind spec/support/pg.sh run spec/run --sqlite-only-lua $(T)

# With clang's libFuzzer if available, otherwise with the driver in spec/fuzz. All harnesses share SECONDS.
FUZZER := $(BUILD)/fuzzer
fuzzer: $(FUZZER)
$(FUZZER): $(OBJ)/spec/fuzz/$(if $(filter fuzz,$(VARIANT)),libfuzzer,plain).o $(FUZZ_OBJECTS) $(HELPER_OBJECTS) $(ARCHIVE)
	$(call say,ld $@)$(CC) $(VARIANT_FLAGS:fuzzer-no-link%=fuzzer%) $(if $(filter fuzz,$(VARIANT)),-fsanitize=fuzzer) $(LDFLAGS) -pthread $(filter %.o,$^) $(ARCHIVE) $(LIBS) -o $@

fuzz:
	@spec/support/packages.sh build test asan fuzz
	@+MAKE='$(MAKE)' RILLE_FUZZ_BUILD='$(BUILD)' RILLE_FUZZ_SECONDS='$(SECONDS)' spec/fuzz/run $(T)
.PHONY: fuzz fuzzer

# Tests that take longer, then all tests at other times.
long:
	@+status=0; \
	RILLE_LONG=1 RILLE_LOAD_SECONDS=60 RILLE_QUERIES=20000 RILLE_SCOPED=10000 RILLE_CACHE_OPERATIONS=100000 RILLE_TEST_TIMEOUT=3600 \
	  $(MAKE) -s --no-print-directory test \
	  T='prisma/structures migrations/processes fault/load differential/ scope/differential paginate_random command/transfer cache/oracle' || status=1; \
	RILLE_FUZZ=input RILLE_FUZZ_RUNS=1000000 RILLE_TEST_TIMEOUT=7200 $(MAKE) -s --no-print-directory asan T=fuzz/fuzz_test || status=1; \
	$(MAKE) -s --no-print-directory faketime || status=1; \
	exit $$status
.PHONY: long

# The same tests at difficult times of clocks and calendars: zone, day and time at which each file starts. Servers keep the machine's time.
MOMENTS := UTC/2028-02-29/23:59:57 Europe/Berlin/2027-03-28/01:59:57 UTC/2038-02-01/12:00:00
faketime:
	@spec/support/packages.sh build test faketime
	@+status=0; for moment in $(MOMENTS); do \
	  zone=$${moment%/*/*}; at=$${moment#"$$zone/"}; echo "at $${at%/*} $${at#*/} $$zone"; \
	  MAKE='$(MAKE)' BUILD='$(BUILD)' VARIANT='' RILLE_UNDER=faketime RILLE_MOMENT="$${at%/*} $${at#*/}" TZ=$$zone spec/support/pg.sh run spec/run $(T) || status=1; \
	done; exit $$status
.PHONY: faketime

conformance: lib lua
	@spec/support/packages.sh build test abi
	@MAKE='$(MAKE)' RILLE_TEST_POSTGRES= spec/support/conformance.sh $(CASES)

# In under a minute on two processors, without a server: most C tests, quick Lua tests on SQLite, the quick parts of the lint.
check:
	@spec/support/packages.sh build test
	@+MAKE='$(MAKE)' BUILD='$(BUILD)' core/tools/check.sh $(T)

lint:
	@spec/support/packages.sh build lint
	@spec/support/packages.sh other-luas || echo "the binding is not checked for a Lua that is missing" >&2
	@+MAKE='$(MAKE)' core/tools/lint.sh

abi: lib
	@spec/support/packages.sh build abi
	@CC='$(CC)' BUILD='$(abspath $(BUILD))' spec/abi/run

format:
	@spec/support/packages.sh lint
	@find core lua spec examples -name '*.[ch]' -print0 | xargs -0 clang-format -i

# Bench ------------------------------------------------------------------------------------------------------------
$(BUILD)/bench/yardstick.so: $(YARDSTICK_SOURCES) spec/bench/yardstick.h $(OBJ)/flags
	$(Q)mkdir -p $(@D)
	$(call say,cc $@)$(CC) $(BASE_CFLAGS) -I$(PQ_INCDIR) -I$(LUA_INCDIR) -shared $(YARDSTICK_SOURCES) -lpq -lsqlite3 -o $@

yardstick: $(YARDSTICK)
.PHONY: yardstick

bench: lib lua yardstick
	@spec/support/packages.sh build bench
	@MAKE='$(MAKE)' BUILD='$(abspath $(BUILD))' RILLE_TEST_POSTGRES= spec/bench/run $(ARGS)

# Installing -------------------------------------------------------------------------------------------------------
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
BINDIR ?= $(PREFIX)/bin
LUA_LIBDIR ?= $(PREFIX)/lib/lua/$(LUA_CMODULES)
LUA_SHAREDIR ?= $(PREFIX)/share/lua/$(LUA_CMODULES)

define copy_lua
	@cd lua && find rille rille.lua -name '*.lua' 2>/dev/null | while read -r file; do install -D -m 644 "$$file" "$(1)/$$file"; done
endef

install: lib lua
	@install -d '$(DESTDIR)$(LIBDIR)/pkgconfig' '$(DESTDIR)$(BINDIR)'
	@install -m 755 $(SHARED) '$(DESTDIR)$(LIBDIR)/librille.so.$(ABI)'
	@ln -sf librille.so.$(ABI) '$(DESTDIR)$(LIBDIR)/librille.so'
	@cd core/include && find rille -name '*.h' | while read -r file; do install -D -m 644 "$$file" '$(DESTDIR)$(INCLUDEDIR)'/"$$file"; done
	@install -D -m 755 $(BINDING) '$(DESTDIR)$(LUA_LIBDIR)/rille/core.so'
	$(call copy_lua,$(DESTDIR)$(LUA_SHAREDIR))
	@sed '1s|lua5.4|$(LUA_COMMAND)|' lua/bin/rille >'$(DESTDIR)$(BINDIR)/rille'
	@chmod 755 '$(DESTDIR)$(BINDIR)/rille'
	@printf '%s\n' 'prefix=$(PREFIX)' 'libdir=$(LIBDIR)' 'includedir=$(INCLUDEDIR)' '' 'Name: rille' 'Description: Data access with schema.prisma, for PostgreSQL and SQLite' \
	  'Version: $(VERSION)' 'Libs: -L$${libdir} -lrille' 'Libs.private: $(LIBS)' 'Cflags: -I$${includedir}' >'$(DESTDIR)$(LIBDIR)/pkgconfig/rille.pc'
	@echo "installed under $(DESTDIR)$(PREFIX)"
	@env -i PATH="$$PATH" $(LUA_COMMAND) core/tools/searched.lua '$(LUA_SHAREDIR)' '$(LUA_LIBDIR)' '$(LUA_COMMAND)' || \
	  echo "there is no $(LUA_COMMAND), which the command rille needs" >&2

uninstall:
	rm -rf '$(DESTDIR)$(INCLUDEDIR)/rille' '$(DESTDIR)$(LUA_LIBDIR)/rille' '$(DESTDIR)$(LUA_SHAREDIR)/rille' '$(DESTDIR)$(LUA_SHAREDIR)/rille.lua'
	rm -f '$(DESTDIR)$(LIBDIR)'/librille.so* '$(DESTDIR)$(LIBDIR)/pkgconfig/rille.pc' '$(DESTDIR)$(BINDIR)/rille'

# For LuaRocks (rockspec/): core and binding in one module that needs no librille and exports only luaopen_. Installs no packages.
ROCK_OUT ?= build/rock/$(notdir $(LUA_INCDIR))
ROCK_CFLAGS ?= -O2 -fPIC
ROCK_PATHS ?=
LIBFLAG ?= -shared
ROCK_FLAGS = -std=c11 $(ROCK_CFLAGS) -pthread -fvisibility=hidden -DRILLE_STATIC $(DEFINES) -Icore/include -Icore/src -Ilua/src -I$(PQ_INCDIR) -I$(LUA_INCDIR)
ROCK_OBJECTS := $(CORE_SOURCES:%.c=$(ROCK_OUT)/%.o) $(LUA_SOURCES:%.c=$(ROCK_OUT)/%.o)

$(ROCK_OUT)/%.o: %.c
	$(Q)mkdir -p $(@D)
	$(call say,cc $<)$(CC) $(ROCK_FLAGS) $(filter -I%,$(ROCK_PATHS)) -MMD -MP -c $< -o $@

$(ROCK_OUT)/rille/core.so: $(ROCK_OBJECTS)
	$(Q)mkdir -p $(@D)
	$(call say,ld $@)$(CC) $(LIBFLAG) $(LDFLAGS) -Wl,-z,nodelete $^ $(filter -L%,$(ROCK_PATHS)) $(LIBS) -o $@

rock: $(ROCK_OUT)/rille/core.so

rock-install: rock
	@install -D -m 755 $(ROCK_OUT)/rille/core.so '$(INST_LIBDIR)/rille/core.so'
	$(call copy_lua,$(INST_LUADIR))
	@install -D -m 755 lua/bin/rille '$(INST_BINDIR)/rille'

clean:
	rm -rf build

-include $(shell find $(OBJ) $(ROCK_OUT) -name '*.d' 2>/dev/null)
