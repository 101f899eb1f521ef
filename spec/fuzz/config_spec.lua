-- A short run of the harness of .env and prisma.config.ts, with the same texts every time, and its findings.
require "rille"
local fuzz = require "fuzz.config"
local config = require "rille.config"
local support = require "support"

describe(".env and prisma.config.ts", function()
  it("give texts or an error, whatever stands in them", function()
    local random = fuzz.random(7)
    for _ = 1, 1500 do
      local text = fuzz.text(random)
      local wrong = fuzz.check(text)
      if wrong then error(("%s: %q"):format(wrong, text)) end
    end
  end)

  it("refuse references that multiply", function()
    local lines = { "A0=" .. ("x"):rep(10) }
    for i = 1, 40 do lines[i + 1] = ("A%d=${A%d}${A%d}"):format(i, i - 1, i - 1) end
    local e = support.fails("VALIDATION", config.parse_env, table.concat(lines, "\n"), ".env.local")
    assert.equal("the value of A13 in .env.local is longer than 65536 bytes", e.message)
  end)

  it("are read in time that grows with their length", function()
    assert.same({ A = "b" }, config.parse_env("A=b" .. (" "):rep(200000)))
    assert.same({ A = "b#c" }, config.parse_env("A=b#c" .. (" "):rep(100000) .. "# d"))
    assert.is_nil(fuzz.check('export default { schema: "' .. ('\\"'):rep(100000)))
  end)

  it("are not read without end", function()
    local folder = support.folder()
    support.write(folder .. "/.env", ("#"):rep(1048577))
    local e = support.fails("VALIDATION", require("rille.bounded").read, folder .. "/.env", 1048576)
    assert.truthy(e.message:find("longer than 1048576 bytes", 1, true))
    assert.is_nil(require("rille.bounded").read(folder, 10))
    assert.equal("", require("rille.bounded").read(support.write(folder .. "/empty", ""), 10))
    support.cleanup()
  end)
end)
