-- Rows of every type: what rille wrote Prisma reads the same, and the other way round.
local real = require "prisma.real"
local rille = require "rille"
local schemas = require "support.schemas"
local support = require "support"

real.each_engine(function(engine)
  local COMMON = [[
model All {
  id Int @id @default(autoincrement())
  s String?
  i Int?
  b BigInt?
  f Float?
  d Decimal?
  t DateTime?
  j Json?
  y Bytes?
  o Boolean?
  e Kind?
%s}
enum Kind {
  ONE
  TWO @map("number two")
}
]]
  local LISTS = [[
  ss String[]
  is Int[]
  bs BigInt[]
  fs Float[]
  ds Decimal[]
  ts DateTime[]
  ys Bytes[]
  os Boolean[]
  es Kind[]
  uu String? @db.Uuid
  vc String? @db.VarChar(5)
  ch String? @db.Char(4)
  sm Int? @db.SmallInt
  re Float? @db.Real
  nu Decimal? @db.Decimal(20, 4)
  da DateTime? @db.Date
  ti DateTime? @db.Time(3)
  tz DateTime? @db.Timestamptz(3)
  js Json? @db.Json
  ip String? @db.Inet
]]
  local function tag(kind, text) return { ["$"] = kind, v = text } end
  local BYTES = "\0\1\254\255'\"\\"
  local BASE64 = "AAH+/yciXA=="

  -- Each value as rille takes it and as Prisma does.
  local function values()
    local rows = {
      { s = { "", "" }, i = { -2147483648, -2147483648 }, b = { math.mininteger, tag("bigint", "-9223372036854775808") }, f = { -1e300, -1e300 },
        d = { rille.decimal "-12345678.0625", tag("decimal", "-12345678.0625") }, t = { "0001-01-01T00:00:00.000Z", tag("datetime",
          "0001-01-01T00:00:00.000Z") },
        y = { "", tag("bytes", "") }, o = { false, false }, e = { "ONE", "ONE" },
        j = { { a = { 1, rille.null, "x", { b = rille.null } } }, { a = { 1, rille.null, "x", { b = rille.null } } } } },
      { s = { "it's \"ö\" 日本 \\ \n 😀", "it's \"ö\" 日本 \\ \n 😀" }, i = { 2147483647, 2147483647 }, b = { math.maxinteger, tag("bigint", "9223372036854775807") },
        f = { 2.2250738585072014e-300, 2.2250738585072014e-300 }, d = { rille.decimal "0.000001", tag("decimal", "0.000001") },
          t = { "2024-02-29T23:59:59.999Z", tag("datetime", "2024-02-29T23:59:59.999Z") },
        y = { BYTES, tag("bytes", BASE64) }, o = { true, true }, e = { "TWO", "TWO" }, j = { rille.array { 1, "two", rille.array {} },
          rille.array { 1, "two", rille.array {} } } },
      { s = { "3", "3" }, i = { 0, 0 }, b = { 9007199254740993, tag("bigint", "9007199254740993") }, f = { 0.1, 0.1 }, d = { rille.decimal "0",
        tag("decimal", "0") },
        t = { "1969-12-31T23:59:59.001Z", tag("datetime", "1969-12-31T23:59:59.001Z") }, y = { "\0", tag("bytes", "AA==") }, j = { rille.json_null,
          tag "jsonnull" } },
      { s = { "nulls", "nulls" } },
      { s = { "e\u{301} \u{202E}\u{5D0} \u{10FFFF} \u{1}\t\r\n", "e\u{301} \u{202E}\u{5D0} \u{10FFFF} \u{1}\t\r\n" },
        f = { 1.7976931348623e308,
        1.7976931348623e308 }, t = { "9999-12-31T23:59:59.999Z", tag("datetime", "9999-12-31T23:59:59.999Z") },
        j = { "a text of Json", "a text of Json" }, b = { -9007199254740993, tag("bigint", "-9007199254740993") } },
    }
    if engine == "sqlite" then return rows end
    local exact = "12345678901234567890123456789012345.123456789012345678901234567891"
    rows[5].d = { rille.decimal(exact), tag("decimal", exact) }
    local more = {
      ss = { { "a,b", "{}", '"', "", "é" }, { "a,b", "{}", '"', "", "é" } }, is = { { -1, 0, 2147483647 }, { -1, 0, 2147483647 } },
      bs = { { math.maxinteger, -1 }, { tag("bigint", "9223372036854775807"), tag("bigint", "-1") } }, fs = { { 1.5, -0.25 }, { 1.5, -0.25 } },
      ds = { { rille.decimal "1.25", rille.decimal "-3" }, { tag("decimal", "1.25"), tag("decimal", "-3") } },
      ts = { { "2024-02-29T23:59:59.999Z" }, { tag("datetime", "2024-02-29T23:59:59.999Z") } }, ys = { { "\0\255" }, { tag("bytes", "AP8=") } },
      os = { { true, false }, { true, false } }, es = { { "TWO", "ONE" }, { "TWO", "ONE" } },
      uu = { "00112233-4455-6677-8899-aabbccddeeff", "00112233-4455-6677-8899-aabbccddeeff" }, vc = { "12345", "12345" }, ch = { "ab", "ab" },
      sm = { -32768, -32768 }, re = { 0.5, 0.5 }, nu = { rille.decimal "1234567890123456.7891", tag("decimal", "1234567890123456.7891") },
      da = { "2024-02-29T00:00:00.000Z", tag("datetime", "2024-02-29T00:00:00.000Z") }, ti = { "1970-01-01T23:59:59.999Z", tag("datetime",
        "1970-01-01T23:59:59.999Z") },
      tz = { "2024-06-30T12:00:00.123Z", tag("datetime", "2024-06-30T12:00:00.123Z") }, js = { { k = rille.array { 1 } }, { k = rille.array { 1 } } },
        ip = { "10.0.0.1/8", "10.0.0.1/8" },
    }
    for key, value in pairs(more) do rows[2][key] = value end
    return rows
  end

  -- A value of either as one comparable text.
  local function plain(value, kind)
    if value == nil or value == rille.null then return "null" end
    if kind:find "s$" and #kind == 2 and type(value) == "table" and kind ~= "js" then
      local texts = {}
      for i, item in ipairs(value) do texts[i] = plain(item, kind:sub(1, 1)) end
      return "[" .. table.concat(texts, "|") .. "]"
    end
    if kind == "j" or kind == "js" then return value == rille.json_null and "null" or rille.json.encode(value) end
    if type(value) == "table" and value["$"] then
      if value["$"] == "decimal" then return tostring(rille.decimal(value.v)) end
      return value.v
    end
    if kind == "y" then return real.base64(value) end
    if kind == "f" or kind == "re" then return ("%.17g"):format(value) end
    if kind == "d" or kind == "nu" then return tostring(rille.decimal(tostring(value))) end
    return tostring(value)
  end

  describe("rows between rille and Prisma:", function()
    it("what either wrote, both read", function()
      local url, rows = support.database(engine), values()
      local text = schemas.text({ body = COMMON:format(engine == "postgresql" and LISTS or "") }, engine)
      rille.push { schema_text = text, url = url }
      local db = support.connect(url, text)
      local calls = {}
      for i, row in ipairs(rows) do
        local mine, theirs = { id = i }, { id = 100 + i }
        for key, pair in pairs(row) do mine[key], theirs[key] = pair[1], pair[2] end
        db.all:create { data = mine }
        calls[#calls + 1] = rille.array { "All", "create", { data = theirs } }
      end
      calls[#calls + 1] = rille.array { "All", "findMany", { orderBy = { id = "asc" } } }
      local answer = real.ask({ real.job("calls", engine, url, text, { calls = rille.array(calls) }) })[1]
      assert(answer.ok, tostring(answer.error))
      for i = 1, #rows do assert(answer.ok[i].ok, ("row %d: %s"):format(i, tostring(answer.ok[i].error))) end
      local theirs, mine = answer.ok[#calls].ok, db.all:find_many { order_by = { id = "asc" } }
      assert.equal(2 * #rows, #theirs)
      assert.equal(2 * #rows, #mine)
      local fields = {}
      for name in text:match("model All {\n(.-)\n}"):gmatch "\n  (%w+) " do fields[#fields + 1] = name end
      assert(#fields == (engine == "postgresql" and 30 or 10), #fields)
      for i = 1, 2 * #rows do
        for _, name in ipairs(fields) do
          local given = rows[(i - 1) % #rows + 1][name]
          local a, b = plain(mine[i][name], name), plain(theirs[i][name], name)
          assert(a == b, ("row %d, %s: rille reads %s, Prisma %s"):format(i, name, a, b))
          local list = #name == 2 and name:find "s$" and name ~= "js"
          local wanted = given and plain(given[1], name) or list and "[]" or "null"
          assert(a == wanted or name == "ch" and a:gsub(" +$", "") == wanted, ("row %d, %s: %s instead of %s"):format(i, name, a, wanted))
        end
      end
    end)
  end)
end)
