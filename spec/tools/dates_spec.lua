-- The check of `make lint` that no fixed date is next to the clock.
local support = require "support"

local function check(name, text)
  local path = support.write(support.folder() .. "/" .. name, text)
  local pipe = assert(io.popen(("env -u LD_PRELOAD lua5.4 core/tools/dates.lua '%s' 2>&1"):format(path)))
  local output = pipe:read "a"
  local ok = pipe:close()
  local lines = {}
  for line in output:gmatch ":(%d+): a fixed date next to" do lines[#lines + 1] = tonumber(line) end
  assert.equal(#lines == 0, ok == true, output)
  return lines, output
end

local DAY = "2026-" .. "11-22" -- apart, since this file is checked too
local AGO = "rille." .. "ago { days = 7 }"

local function spec(...) return table.concat({ ... }, "\n") .. "\n" end
local function page(...) return table.concat({ ... }, "\n") .. "\n" end

describe("fixed dates next to the clock", function()
  after_each(support.cleanup)

  it("are refused within a test", function()
    local lines, output = check("a_spec.lua", spec(
      'it("counts", function()', -- 1
      "  db.user:create { data = { at = '" .. DAY .. "' } }",
      "  db.user:count { where = { at = { gte = " .. AGO .. " } } }",
      "end)"
    ))
    assert.same({ 2 }, lines)
    assert.truthy(output:find("`rille.ago`", 1, true))
    assert.same({ 2 }, (check("b_spec.lua", spec('it("x", function()', "  use('" .. DAY .. "T10:00:00Z', rille." .. "now())", "end)"))))
    assert.same({ 1 }, (check("c_spec.lua", spec('it("x", function() use("' .. DAY .. '", os.' .. "time()) end)"))))
  end)

  it("are right in one test when another one asks the clock", function()
    assert.same({}, (check("a_spec.lua", spec(
      'it("a", function()', "  use('" .. DAY .. "')", "end)",
      'it("b", function()', "  use(" .. AGO .. ")", "end)"
    ))))
    assert.same({}, (check("b_spec.lua", spec('it("a", function() use("' .. DAY .. '") end)', 'it("b", function() use(' .. AGO .. ") end)"))))
  end)

  it("are refused when they come from a setup or have a name", function()
    assert.same({ 2 }, (check("a_spec.lua", spec(
      "before_each(function()", "  use('" .. DAY .. "')", "end)",
      'it("b", function()', "  use(" .. AGO .. ")", "end)"
    ))))
    assert.same({ 3 }, (check("b_spec.lua", spec(
      "local BEGUN = '" .. DAY .. "'",
      'it("b", function()', "  use(BEGUN, " .. AGO .. ")", "end)",
      'it("c", function() use(BEGUN) end)'
    ))))
  end)

  it("are refused within a block of a page, and in its seeds", function()
    local seed = { "<!-- test: seed -->", "```lua", "use('" .. DAY .. "')", "```" }
    local ask = { "```lua", "use(" .. AGO .. ")", "```" }
    local both = page(table.unpack(seed)) .. page(table.unpack(ask))
    assert.same({ 3 }, (check("a.md", both)))
    assert.same({}, (check("b.md", (both:gsub("test: seed", "test: sqlite-only")))))
    assert.same({ 2 }, (check("c.md", page("```lua", "use('" .. DAY .. "', " .. AGO .. ")", "```"))))
    assert.same({}, (check("d.md", "Since " .. DAY .. " there is `" .. AGO .. "`.\n")))
  end)

  it("are refused in a program", function() assert.same({ 1 }, (check("main.lua", spec("use('" .. DAY .. "')", "use(" .. AGO .. ")")))) end)

  it("are nowhere in the specs, the docs and the examples", function()
    local pipe = assert(io.popen "env -u LD_PRELOAD lua5.4 core/tools/dates.lua 2>&1")
    local output = pipe:read "a"
    assert.is_true(pipe:close(), output)
    assert.is_true(tonumber(output:match "(%d+) files") > 100)
  end)
end)
