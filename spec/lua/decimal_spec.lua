-- rille.decimal, rille.json, date-times, sentinels: what needs no database.
local rille = require "rille"
local support = require "support"
local d = rille.decimal

describe("decimal", function()
  it("calculates exactly", function()
    assert.equal("0.3", tostring(d "0.1" + d "0.2"))
    assert.equal("-0.1", tostring(d "0.1" - "0.2"))
    assert.equal("121932631112635269", tostring(d "123456789" * 987654321))
    assert.equal("2.5", tostring(d(5) / 2))
    assert.equal("-7", tostring(-d(7)))
    assert.equal("99999999999999999999999999999.99", tostring(d "99999999999999999999999999999.98" + d "0.01"))
  end)

  it("compares by value", function()
    assert.is_true(d "1.50" == d "1.5")
    assert.is_true(d "1" < d "2")
    assert.is_true(d "2" <= d "2.0")
    assert.is_true(d "-3" < d "-2")
    assert.is_false(d "1" == 1)
  end)

  it("rounds and formats", function()
    assert.equal("2.35", tostring(d "2.345":round(2)))
    assert.equal("-2.35", tostring(d "-2.345":round(2)))
    assert.equal("3", tostring(d "2.5":round()))
    assert.equal("2.00", d "2":format(2))
    assert.equal("1234.6", d "1234.56":format(1))
    assert.equal(2.5, d "2.5":tonumber())
  end)

  it("is built from strings and numbers only", function()
    assert.equal("12.5", tostring(d(12.5)))
    assert.equal("0.1", tostring(d(0.1)))
    assert.equal("9223372036854775807", tostring(d(math.maxinteger)))
    assert.equal("1500", tostring(d "1.5e3"))
    local x = d "1"
    assert.equal(x, d(x))
    for _, bad in ipairs { "", "abc", "1,5", "--1", {}, true, 1 / 0 } do assert.is_false(pcall(d, bad)) end
    assert.is_false(pcall(d))
    assert.is_false(pcall(function() return d(1) / 0 end))
    assert.is_false(pcall(function() return d(1) + {} end))
    assert.is_false(pcall(d(1).round, {}))
    assert.is_false(pcall(function() return d(1):round(-1) end))
  end)
end)

describe("a decimal with strings and numbers", function()
  it("concatenates, on either side", function()
    assert.equal("$19.99", "$" .. d "19.990")
    assert.equal("19.99 EUR", d "19.99" .. " EUR")
    assert.equal("1.52", d "1.5" .. 2)
    assert.equal("12", d "1" .. d "2")
    assert.equal("a1.5b", "a" .. d "1.5" .. "b")
    local e = support.fails("VALIDATION", function() return d "1" .. {} end)
    assert.equal("rille.decimal: expected a string or a number to concatenate with, got a table", e.message)
    support.fails("VALIDATION", function() return nil .. d "1" end)
  end)

  it("becomes a number, or raises if it does not fit", function()
    assert.equal(0.1, d "0.1":tonumber())
    assert.equal(1 / 3, d(1 / 3):tonumber())
    assert.equal(0.12345678901234568, d "0.1234567890123456789":tonumber()) -- the nearest
    assert.equal(2.0 ^ 70, d "1180591620717411303424":tonumber())
    assert.equal(math.maxinteger, d(math.maxinteger):tonumber())
    assert.equal(9007199254740993, d "9007199254740993":tonumber())
    assert.equal(-9007199254740993, d "-9007199254740993":tonumber())
    assert.equal("float", math.type(d "5":tonumber()))
    for _, text in ipairs { "9223372036854775809", "-9223372036854775809", "12345678901234567890123", "1e400", "-1e400" } do
      local e = support.fails("P2020", d(text).tonumber, d(text))
      assert.truthy(e.message:find(tostring(d(text)), 1, true))
    end
    assert.is_nil(tonumber(d "1")) -- Lua's own takes no userdata: this is why there is a method
  end)
end)

describe("json", function()
  local function through(value) return rille.json.decode(rille.json.encode(value)) end

  it("encodes and decodes", function()
    assert.same({ 1, 2, { a = "x" } }, through { 1, 2, { a = "x" } })
    for _, value in ipairs { 1, -5, 0.1, 1e300, math.maxinteger, "ü\n\"\\", true, false } do
      assert.equal(value, through(value))
      assert.equal(math.type(value), math.type(through(value)))
    end
    assert.equal(rille.null, through(rille.null))
    assert.equal("[]", rille.json.encode(rille.array {}))
    assert.equal("{}", rille.json.encode(rille.object {}))
    assert.equal("{}", rille.json.encode {})
    assert.equal("[1]", rille.json.encode { 1 })
  end)

  it("keeps numbers exact", function()
    assert.equal("12345678901234567890", tostring(rille.json.decode "12345678901234567890"))
    assert.equal("userdata", type(rille.json.decode "0.10000000000000000555"))
    assert.equal(1.2345678901234567, rille.json.decode "1.2345678901234567")
    assert.equal(0.1, rille.json.decode "0.1")
    assert.equal(1e22, rille.json.decode "1e22")
    assert.equal(-0.0, rille.json.decode "-0")
    assert.equal("float", math.type(rille.json.decode "1.0"))
    assert.equal("integer", math.type(rille.json.decode "1"))
  end)

  it("rejects what is not JSON", function()
    for _, text in ipairs { "", "[1,", "{a:1}", "01", "nul", "[1]x", '"\1"' } do
      local ok, e = pcall(rille.json.decode, text)
      assert.is_false(ok, text)
      assert.is_true(rille.is(e))
    end
    assert.is_false(pcall(rille.json.encode, print))
    assert.is_false(pcall(rille.json.encode, { 1, x = 2 }))
    assert.is_false(pcall(rille.json.encode, 0 / 0))
    local circle = {}
    circle[1] = circle
    assert.is_false(pcall(rille.json.encode, circle))
    assert.is_false(pcall(rille.json.decode, ("["):rep(100000)))
  end)
end)

describe("times", function()
  it("are written in any form, in UTC or another zone", function()
    local at = "2026-02-03T04:05:06.789Z"
    assert.equal("2026-02-03T04:05:06Z", rille.date(at))
    assert.equal("03.02.2026 04:05", rille.date(at, "%d.%m.%Y %H:%M"))
    assert.equal("2026-02-03", os.date("!%F", rille.time "2026-02-03T04:05:06.000Z"))
    assert.equal("2026-02-03", rille.date(rille.time(at), "%F"))
    assert.equal("06:35 +0230 +02:30 %z %", rille.date(at, "%H:%M %z %Z %%z %%", "+02:30"))
    assert.equal("2026-02-02 22:05 -0600", rille.date(at, "%F %H:%M %z", "-06:00"))
    assert.equal("1770091506 UTC", rille.date(at, "%s %Z"))
    assert.equal("05:05 CET +0100", rille.date(at, "%H:%M %Z %z", function(seconds)
      assert.equal(1770091506, seconds)
      return 3600, "CET"
    end))
    assert.equal(os.date("%F %T %z %Z %% %j", 1770091506), rille.date(at, "%F %T %z %Z %% %j", "local"))
    assert.equal("1969-12-31 23:59:58", rille.date(-1.5, "%F %T"))
    assert.equal("9999-12-31", rille.date("9999-12-31T23:59:59.999Z", "%F"))
    assert.equal("1600-02-29", rille.date("1600-02-29", "%F"))
    assert.equal("", rille.date(at, ""))
    assert.equal(rille.date(at, "%Y"), rille.date(at, "%EY"))
  end)

  it("are rejected if they are not date-times, or with a wrong format or zone", function()
    for _, args in ipairs { {}, { "tomorrow" }, { {} }, { 0 / 0 }, { 1 / 0 }, { 1e15 }, { 0, 1 }, { 0, "%Q" }, { 0, "%" }, { 0, "%E" }, { 0, "%Ez" },
      { 0, "%5" }, { 0, "%F", "+25:00" }, { 0, "%F", "+02:60" }, { 0, "%F", "CET" }, { 0, "%F", 2 }, { 0, "%F", function() return 0.5 end },
      { 0, "%F", function() return 1e6 end }, { 0, "%F", function() end } } do
      support.fails("VALIDATION", rille.date, table.unpack(args, 1, 3))
    end
  end)

  it("reads ISO strings", function()
    assert.equal(0, rille.time "1970-01-01")
    assert.equal("integer", math.type(rille.time "2026-11-22T12:00:00Z"))
    assert.equal(1795348800, rille.time "2026-11-22T12:00:00Z")
    assert.equal(1795348800.25, rille.time "2026-11-22T13:00:00.250+01:00")
    support.fails("VALIDATION", rille.time, "tomorrow")
  end)

  it("calculates from now", function()
    assert.is_true(math.abs(rille.time(rille.now()) - os.time()) <= 2)
    assert.is_true(math.abs(rille.time(rille.ago { days = 1, hours = 1 }) - (os.time() - 90000)) <= 2)
    support.fails("VALIDATION", rille.ago, {})
    support.fails("VALIDATION", rille.ago, { day = 1 })
  end)
end)

describe("errors", function()
  it("are distinguished", function()
    local e = support.fails("VALIDATION", rille.time, "x")
    assert.is_true(rille.is(e))
    assert.is_true(rille.is(e, "VALIDATION"))
    assert.is_false(rille.is(e, "P2002"))
    assert.is_false(rille.is({ code = "VALIDATION" }))
    assert.is_false(rille.is "text")
    assert.equal(("VALIDATION: %s (%s)"):format(e.message, e.place), tostring(e))
  end)

  it("are the only errors that try catches", function()
    assert.equal(0, rille.try(rille.time, "1970-01-01"))
    local result, e = rille.try(rille.time, "x")
    assert.is_nil(result)
    assert.equal("VALIDATION", e.code)
    assert.is_false(pcall(rille.try, function() error "a bug" end))
    assert.same({ 1, 2, 3 }, { rille.try(function(...) return ... end, 1, 2, 3) })
  end)
end)

it("names its sentinels", function()
  assert.equal("rille.null", tostring(rille.null))
  assert.equal("rille.all", tostring(rille.all))
  assert.equal("rille.field(User.name)", tostring(rille.field("User", "name")))
  assert.truthy(rille.version:match "^%d+%.%d+%.%d+$")
end)
