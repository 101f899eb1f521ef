-- The check of `make lint` of include order, on small trees.
local support = require "support"

local here = assert(io.popen "pwd"):read "l"
local ROOMS = {}
for room in assert(io.popen "ls core/src"):lines() do ROOMS[#ROOMS + 1] = room end

local function write(path, text)
  os.execute(("mkdir -p '%s'"):format(path:match "^(.*)/"))
  support.write(path, text)
end

-- What the check says of a tree with these files, and whether all is right.
local function check(files, without)
  local folder = support.folder()
  for _, room in ipairs(ROOMS) do
    if room ~= without then write(("%s/core/src/%s/%s.c"):format(folder, room, room), "") end
  end
  write(folder .. "/lua/rille/init.lua", "")
  for name, text in pairs(files) do write(folder .. "/" .. name, text) end
  local pipe = assert(io.popen(("cd '%s' && env -u LD_PRELOAD lua5.4 '%s/core/tools/includes.lua' 2>&1"):format(folder, here)))
  local output = pipe:read "a"
  return pipe:close() == true, output
end

local function refused(text, files, without)
  local ok, output = check(files, without)
  assert.is_false(ok, output)
  assert.truthy(output:find(text, 1, true), output)
end

describe("the order of includes", function()
  after_each(support.cleanup)

  it("is right in a tree that uses downwards only", function()
    local ok, output = check {
      ["core/src/run/pool.c"] = '#include "base/arena.h"\n#include "driver/driver.h"\n',
      ["lua/rille/client.lua"] = 'local core = require "rille.core"\n-- never require "rille.command"\n',
      ["lua/rille/command/db.lua"] = 'local rille = require "rille"\nlocal output = require("rille.command.output")\n',
      ["lua/bin/rille"] = 'pcall(require, "rille.command")\n',
    }
    assert.is_true(ok, output)
  end)

  it("names an upward include, and an unknown room", function()
    refused('core/src/base/map.c:1: base may not include run ("run/pool.h")', { ["core/src/base/map.c"] = '#include "run/pool.h"\n' })
    refused("core/src/attic/old.c:1: belongs to no room", { ["core/src/attic/old.c"] = "" })
    refused('there is no room "plan"', {}, "plan")
  end)

  it("lets the command use nothing but rille", function()
    refused("lua/rille/command/db.lua:2: rille.command.db may not require rille.core",
      { ["lua/rille/command/db.lua"] = '--- Databases.\nlocal core = require "rille.core"\n' })
    refused("rille.command.db may not require rille.config", { ["lua/rille/command/db.lua"] = 'local found = pcall(require, "rille.config")\n' })
    refused("rille.command may not require rille.errors", { ["lua/rille/command/init.lua"] =
      "return { f = function() return require 'rille.errors' end }\n" })
    refused("bin.rille may not require rille.core", { ["lua/bin/rille"] = 'require("rille.core")\n' })
  end)

  it("keeps the modules of rille from the command, from the face and from the rooms of a wing", function()
    refused("rille.config may not require the command", { ["lua/rille/config.lua"] = 'require "rille.command"\n' })
    refused("rille.config may not require rille.command.files", { ["lua/rille/config.lua"] = 'require "rille.command.files"\n' })
    refused("rille.config may not require rille", { ["lua/rille/config.lua"] = 'require "rille"\n' })
    refused("rille.config may not require rille.seed.rows", { ["lua/rille/config.lua"] = 'require "rille.seed.rows"\n' })
    refused("rille.config may not require luv", { ["lua/rille/config.lua"] = 'require "luv"\n' })
  end)

  it("names a circle", function()
    refused("a circle: rille.a -> rille.b -> rille.c -> rille.a", {
      ["lua/rille/a.lua"] = 'require "rille.b"\n',
      ["lua/rille/b.lua"] = 'local function later() return require("rille.c") end\n',
      ["lua/rille/c.lua"] = 'require "rille.a"\n',
    })
  end)
end)
