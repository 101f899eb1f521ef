-- Against real Prisma 7: a database of rille's is its own to Prisma and the other way round, and both read what either wrote.
local rille = require "rille"
local schemas = require "support.schemas"
local support = require "support"

-- Only when asked for: the packages take minutes to install. RILLE_PRISMA names a folder that has them, see install.sh.
local folder, there = "RILLE_PRISMA is not set", nil
if os.getenv "RILLE_PRISMA" then
  local pipe = assert(io.popen "spec/prisma/install.sh")
  folder = pipe:read "l"
  there = pipe:close()
end

-- What Prisma answers to each job; see prisma.mjs.
local function ask(jobs)
  local dir = support.folder()
  support.write(dir .. "/jobs.json", rille.json.encode(rille.array(jobs)))
  local script = io.popen("pwd"):read "l" .. "/spec/prisma/prisma.mjs"
  local log = dir .. "/log"
  assert(os.execute(("cd '%s' && node '%s' '%s/jobs.json' '%s/results.json' > '%s' 2>&1"):format(folder, script, dir, dir, log)),
    "node failed: " .. tostring((io.open(log) or io.stdin):read "a"))
  local file = assert(io.open(dir .. "/results.json"))
  local text = file:read "a"
  file:close()
  return rille.json.decode(text)
end

local function job(op, engine, url, schema, more)
  local one = { op = op, provider = engine, url = url, schema = schema }
  for key, value in pairs(more or {}) do one[key] = value end
  return one
end

local function difference(url, text) return rille.migrate.diff { from = { url = url }, to = { schema_text = text }, script = true } end

local EMPTY = "model Nothing {\n  id Int @id\n}\n"
local function run(url, sql)
  local db = rille.connect { schema_text = EMPTY, url = url }
  local ok, e = pcall(db.execute_script, db, sql)
  db:close()
  assert(ok, tostring(e))
end

local function nothing(answer) return answer.ok and answer.ok:find("This is an empty migration", 1, true) end

if not there then
  describe("real Prisma", function()
    pending("is not asked: " .. tostring(folder))
  end)
  return
end

support.each_engine(function(engine)
  describe("structures between rille and Prisma:", function()
    it("what rille pushed or migrated is none to Prisma, nor what either pulls to the other", function()
      local jobs, told, found = {}, {}, schemas.of(engine)
      local function add(what, one) jobs[#jobs + 1], told[#jobs + 1] = one, what end
      for _, one in ipairs(found) do
        local url, text = support.database(engine), schemas.text(one, engine)
        local more = { namespaces = one.schemas and rille.array(one.schemas) }
        rille.push { schema_text = text, url = url }
        if one.name ~= "views" then add(one.name, job("diff", engine, url, text, more)) end -- Prisma misses what nobody made
        add(one.name .. ", pulled by rille", job("diff", engine, url, rille.pull { url = url, schemas = one.schemas }, more))
        add(one.name, job("pull", engine, url, schemas.text({ body = "", more = one.more }, engine), more))
      end
      local before = schemas.text({ body = "model A {\n  id Int @id\n  n Int?\n  gone Int\n  bs B[]\n}\n"
        .. "model B {\n  id Int @id\n  aId Int\n  a A @relation(fields: [aId], references: [id])\n}\n" }, engine)
      local after = schemas.text({ body = "model A {\n  id Int @id\n  n Int @default(3)\n  /// @renamed-from gone\n  kept BigInt @unique\n  cs C[]\n}\n"
        .. "/// @renamed-from B\nmodel C {\n  id Int @id\n  aId Int?\n  a A? @relation(fields: [aId], references: [id])\n  @@index([aId])\n}\n" }, engine)
      local url = support.database(engine)
      rille.push { schema_text = before, url = url }
      rille.push { schema_text = after, url = url }
      add("a change", job("diff", engine, url, after))
      for i, answer in ipairs(ask(jobs)) do
        local one = jobs[i]
        if one.op == "diff" then
          -- without the preview feature Prisma refuses to read a `where`
          local refused = not answer.ok and one.schema:find("where:", 1, true)
          assert(nothing(answer) or refused, told[i] .. ":\n" .. one.schema .. tostring(answer.ok or answer.error))
        -- Prisma does not read every database that it can make, and not every schema that it pulls is one
        elseif answer.ok and told[i] ~= "an id with a default" and rille.validate(answer.ok.schema) then
          local rest = difference(one.url, answer.ok.schema)
          assert(rest == "", told[i] .. ", pulled by Prisma:\n" .. answer.ok.schema .. rest)
        end
      end
    end)

    it("what Prisma's own SQL made is no difference to rille", function()
      local jobs, found = {}, schemas.of(engine)
      local url = support.database(engine)
      for i, one in ipairs(found) do jobs[i] = job("ddl", engine, url, schemas.text(one, engine)) end
      local made = 0
      for i, answer in ipairs(ask(jobs)) do
        local text = schemas.text(found[i], engine)
        assert(answer.ok, found[i].name .. ": " .. tostring(answer.error))
        local fresh = engine == "sqlite" and support.database(engine) or url
        if engine == "postgresql" then run(url, "DROP SCHEMA IF EXISTS public, one, two CASCADE; CREATE SCHEMA public") end
        local ok, e = pcall(run, fresh, answer.ok)
        -- Prisma does not double the quotes in some texts, and then its SQL is none
        assert(ok or found[i].name == "defaults" or answer.ok:find("it's", 1, true), found[i].name .. ": " .. tostring(e))
        local rest = ok and difference(fresh, text) or ""
        assert(rest == "", found[i].name .. ": " .. rest)
        made = made + (ok and 1 or 0)
      end
      assert(made >= 38, made)
    end)
  end)

  -- ---------------------------------------------------------------- values

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
        y = { "", tag("bytes", "") }, o = { false, false }, e = { "ONE", "ONE" }, j = { { a = { 1, "x", true } }, { a = { 1, "x", true } } } },
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
    }
    if engine == "sqlite" then return rows end
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
    if kind == "y" then -- as Prisma's answers have it
      local digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
      return (value:gsub("..?.?", function(s)
        local a, b, c = s:byte(1, 3)
        local n, out = a * 65536 + (b or 0) * 256 + (c or 0), {}
        for i = 1, 4 do
          local at = n >> (24 - 6 * i) & 63
          out[i] = i <= #s + 1 and digits:sub(at + 1, at + 1) or "="
        end
        return table.concat(out)
      end))
    end
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
      local answer = ask({ job("calls", engine, url, text, { calls = rille.array(calls) }) })[1]
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
