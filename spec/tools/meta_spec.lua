-- The types for editors are what the sources declare.
local support = require "support"

local function run(folder, arguments)
  local pipe = assert(io.popen(("cd '%s' && env -u LD_PRELOAD lua5.4 core/tools/meta.lua %s 2>&1"):format(folder, arguments)))
  local output = pipe:read "a"
  return pipe:close() == true, output
end

local function read(path)
  local file = assert(io.open(path))
  local text = file:read "a"
  file:close()
  return text
end

describe("types for editors", function()
  after_each(support.cleanup)

  it("are as the sources have them", function()
    local ok, output = run(".", "--check")
    assert.is_true(ok, output)
  end)

  it("follow a docstring and a table of options", function()
    local folder = support.folder()
    os.execute(("mkdir -p '%s/core' && cp -r core/tools '%s/core' && cp -r lua '%s'"):format(folder, folder, folder))
    local path = folder .. "/lua/rille/lock.lua"
    local text = read(path)
    text = text:gsub('{ "shared",', '{ "fair", "integer", least = 1, doc = "in turn" },\n  %0'):gsub("%-%-%- Runs fn", "--- Goes and runs fn")
    support.write(path, text)
    local ok, output = run(folder, "--check")
    assert.is_false(ok, output)
    assert.truthy(output:find("lua/rille/meta.lua: does not match the sources", 1, true), output)
    assert.is_nil(output:find("meta_migrate", 1, true))
    assert.is_true(run(folder, ""))
    assert.is_true(run(folder, "--check"))
    local meta = read(folder .. "/lua/rille/meta.lua") .. read(folder .. "/lua/rille/meta_models.lua")
    assert.truthy(meta:find("\n---@field fair? integer in turn\n", 1, true))
    assert.truthy(meta:find("\n--- Goes and runs fn", 1, true))
    assert.truthy(meta:find("\nfunction Client:advisory_lock(key, fn, options) end\n", 1, true))
  end)

  it("are not made of a function that lost its docstring", function()
    local folder = support.folder()
    os.execute(("mkdir -p '%s/core' && cp -r core/tools '%s/core' && cp -r lua '%s'"):format(folder, folder, folder))
    support.write(folder .. "/lua/rille/values.lua", (read(folder .. "/lua/rille/values.lua"):gsub("%-%-%-[^\n]*\n", "")))
    local ok, output = run(folder, "")
    assert.is_false(ok)
    assert.truthy(output:find("values.lua has no documented", 1, true), output)
  end)
end)
