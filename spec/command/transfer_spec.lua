-- `rille db export` and `rille db import`: one is the other's inverse, in constant memory, and an import that was killed continues.
local harness = require "command.harness"
local rille = require "rille"
local support = require "support"

local SCHEMA = [[
enum Role {
  reader
  author @map("the author")
}

model Thing {
  id      Int       @id @default(autoincrement())
  code    String    @unique
  name    String?   @default("none")
  big     BigInt?
  float   Float?
  dec     Decimal?
  on      Boolean?  @default(true)
  at      DateTime?
  bytes   Bytes?
  json    Json?
  sure    Json      @default("{}")
  role    Role?     @default(reader)
  long    String?   @map("a \"long\" name")
LISTS
}

model Empty {
  a Int
  b String

  @@id([a, b])
}
]]
local LISTS = [[
  tags    String[]
  numbers Int[]
  blobs   Bytes[]
  roles   Role[]
  uuid    String?   @db.Uuid
  day     DateTime? @db.Date
  exact   DateTime? @db.Timestamptz(6)
  real    Float?    @db.Real
]]
local ROWS = tonumber(os.getenv "RILLE_LONG" and 200000 or 2000)
local DOCUMENTS = { { a = { 1, "x", rille.null } }, "text", 7, false, rille.json_null, rille.array {}, rille.object {}, { { {} } } }

local function pick(list) return list[math.random(#list)] end
local function maybe(value)
  if math.random(4) == 1 then return rille.null end
  return value
end

local TEXTS = { "", " ", "a", 'q"uote', "a,b", "two\nlines", "\r\n", "ä€😀", "null", "\\", "'", "=1+1", "0", ("long "):rep(200) }

local function row(i, lists)
  local data = { code = "c" .. i, name = maybe(pick(TEXTS)), big = maybe(pick { 9007199254740993, -9223372036854775807, 0 }),
    float = maybe(pick { 0.1, -1e300, 5, 1e-9 }), dec = maybe(pick { "0.1", "-12345678.875", "3" }), on = maybe(math.random(2) == 1),
    at = maybe(pick { "2026-11-22T12:00:00.123Z", "1969-01-01T00:00:00Z" }),
    bytes = maybe(pick { "", "\0", "\255\254,\"", "abcd" }), json = pick(DOCUMENTS), sure = pick(DOCUMENTS), role = maybe(pick { "reader", "author" }),
    long = maybe "x" }
  if math.random(4) == 1 then data.json = rille.db_null end
  if lists then
    data.tags, data.numbers = pick { {}, { "" }, { "a,b", 'q"' } }, pick { {}, { 1, -2 } }
    data.blobs, data.roles = pick { {}, { "\0\255" } }, pick { {}, { "author", "reader" } }
    data.uuid, data.day = maybe "6f2c1a1e-7f53-4a8e-9e0a-0123456789ab", maybe "2026-02-28T00:00:00Z"
    data.exact, data.real = maybe "2026-11-22T12:00:00.123456Z", maybe(pick { 0.1, 1.5 })
  end
  return data
end

support.each_engine(function(engine)
  describe("rille db export and import", function()
    local folder, url, db, schema
    local lists = engine == "postgresql"

    local function ok(arguments, status) return harness.ok(folder, arguments, { url = url, status = status }) end
    local function json(arguments, status) return harness.json(folder, arguments, { url = url, status = status }) end
    local function write(name, text) return support.write(folder .. "/" .. name, text) end
    local function read(name) return harness.read(folder .. "/" .. name) end
    local function all() return db.thing:find_many { order_by = { id = "asc" } } end

    before_each(function()
      schema = SCHEMA:gsub("LISTS\n", lists and LISTS or "")
      folder, url = harness.project(engine, schema)
      ok "db push"
      db = support.connect(url, schema)
    end)

    local function fill(n)
      math.randomseed(3)
      local rows = {}
      for i = 1, n do rows[i] = row(i, lists) end
      db.thing:create_many { data = rows }
    end

    for _, format in ipairs { "csv", "jsonl" } do
      it("are each other's inverse for all types, as " .. format, function()
        fill(300)
        if lists then db.thing:create_many { data = { { code = "nan", float = 1 / 0, sure = 1 } } } end
        local before = all()
        assert.equal(#before, json("db export thing a." .. format).rows)
        db.thing:delete_many { where = rille.all }
        local result = json("db import Thing a." .. format)
        assert.same({ #before, 0 }, { result.rows, result.rejected })
        assert.same(before, all())
        ok("db export thing b." .. format)
        assert.equal(read("a." .. format), read("b." .. format))
        assert.truthy(db.thing:create { data = { code = "next", sure = 1 } }.id > before[#before].id)
        assert.equal(0, json("db import thing a." .. format .. " --on-conflict skip").rejected)
        db.thing:update_many { where = rille.all, data = { name = "changed", json = 5 } }
        ok("db import thing a." .. format .. " --on-conflict update")
        db.thing:delete { where = { code = "next" } }
        assert.same(before, all())
        ok "migrate diff --from-database --to-schema schema.prisma --exit-code"
      end)
    end

    it("write to standard output, and nothing where there are no rows but a header", function()
      assert.equal("a,b\r\n", ok("db export empty").out)
      assert.equal("", ok("db export empty --format jsonl").out)
      ok "db export empty x.csv"
      assert.truthy(ok("db export empty x.csv", 1).err:find("--force", 1, true))
      ok "db export empty x.csv --force"
      assert.is_false(harness.exists(folder .. "/x.csv.part"))
      assert.equal(0, json("db import empty x.csv").rows)
      ok("db export empty x.txt", 2)
      ok("db export empty --json", 2)
      assert.truthy(ok("db export nothing", 1).err:find("no model `nothing`", 1, true))
      assert.truthy(ok("db import empty none.csv", 1).err:find("cannot be read", 1, true))
      ok("db import empty x.csv --rejects x.csv", 2)
      write("y.csv", "a,c\n1,2\n")
      assert.truthy(ok("db import empty y.csv", 1).err:find("column `c`: unknown field of Empty", 1, true))
      write("y.csv", "b\n1\n")
      assert.truthy(ok("db import empty y.csv --on-conflict update", 1).err:find("no column of a key", 1, true))
    end)

    it("name bad rows with their line, and import the others", function()
      write("a.csv", 'code,big,on\nx,1,true\ny,1.5,true\n"z\nz",2,maybe\nw,3\n,4,false\nx,5,no\nv,6,t\n')
      local result = ok("db import thing a.csv", 1)
      assert.same({ "v", "x" }, { all()[2].code, all()[1].code })
      for line, reason in pairs { [3] = 'big: expected an integer, got "1.5"', [4] = "on: expected true or false", [6] = "expected 3 cells, got 2",
        [7] = "code: cannot be", [8] = "P2002" } do
        assert.truthy(result.err:find(("line %d: [^\n]*%s"):format(line, reason:gsub("%p", "%%%0"))), result.err)
      end
      assert.truthy(result.out:find("5 rows were not", 1, true))
    end)

    it("write bad rows to a file that can be imported", function()
      write("a.csv", "code,big\nx,1\ny,1.5\nz,nothing\n")
      local result = json("db import thing a.csv --rejects bad.csv")
      assert.same({ 1, 2 }, { result.rows, result.rejected })
      assert.equal('code,big,_error\r\ny,1.5,"big: expected an integer, got ""1.5"""\r\nz,nothing,"big: expected an integer, got ""nothing"""\r\n',
        read "bad.csv")
      write("fixed.csv", (read("bad.csv"):gsub("1%.5,", "15,"):gsub("z,nothing", "z,16")))
      assert.equal(2, json("db import thing fixed.csv").rows)
      assert.same({ 1, 15, 16 }, { all()[1].big, all()[2].big, all()[3].big })
      write("a.jsonl", '{"code":"j1"}\n\nnothing\n{"code":"j2","nope":1}\n{"code":"j1"}\n[1]\n{"code":7}\n{"code":"j3","big":"12"}\n')
      result = json("db import thing a.jsonl --rejects bad.jsonl")
      assert.same({ 2, 5 }, { result.rows, result.rejected })
      assert.same({ 3, 4, 5, 6, 7 }, { result.bad[1].line, result.bad[2].line, result.bad[3].line, result.bad[4].line, result.bad[5].line })
      local count = 0
      for line in read("bad.jsonl"):gmatch "[^\n]+" do
        assert.is_string(rille.json.decode(line)._error)
        count = count + 1
      end
      assert.equal(5, count)
      result = json "db import thing bad.jsonl --rejects worse.jsonl"
      assert.same({ 0, 5 }, { result.rows, result.rejected })
    end)

    it("continue where a killed import was", function()
      local lines = { "code,big" }
      for i = 1, 20000 do lines[#lines + 1] = ("k%d,%s"):format(i, i % 100 == 7 and "bad" or i) end
      write("a.csv", table.concat(lines, "\n") .. "\n")
      local arguments = "db import thing a.csv --rejects bad.csv"
      for _ = 1, 3 do
        local before = db.thing:count()
        local inner = ("cd %s; echo $$ >pid; exec env DATABASE_URL=%s rille %s >out.txt 2>&1"):format(folder, url, arguments)
        os.execute(("sh -c '%s' &"):format(inner))
        local limit = os.time() + 30
        while db.thing:count() == before and os.time() < limit do os.execute "sleep 0.01" end
        os.execute(("kill -9 $(cat '%s/pid'); sleep 0.05"):format(folder))
        if read("out.txt"):find "were imported" then break end -- it was faster
      end
      local last = harness.run(folder, arguments, { url = url })
      assert.truthy(last.out:find("Continues after %d+ rows of an earlier run"), last.out .. last.err)
      assert.equal(19800, db.thing:count())
      assert.equal(201, select(2, read("bad.csv"):gsub("\n", "")))
      local codes = {}
      for _, one in ipairs(all()) do codes[#codes + 1] = one.code end
      assert.same({ "k1", "k20000" }, { codes[1], codes[#codes] })
      assert.equal(0, #db:query_raw(engine == "sqlite" and "SELECT 1 FROM sqlite_master WHERE name = '_rille_imports'"
        or "SELECT 1 FROM pg_class WHERE relname = '_rille_imports'"))
    end)

    it("stop with a message where the file is no CSV, and need no table with --no-resume", function()
      write("a.csv", 'code\nx\n"y\n')
      assert.truthy(ok("db import thing a.csv", 1).err:find("line 3: a quoted cell has no end", 1, true))
      write("a.csv", "code\nx\n")
      assert.equal(1, json("db import thing a.csv --no-resume").rows)
    end)

    it("need the same memory for any number of rows", function()
      local file = assert(io.open(folder .. "/a.csv", "wb"))
      file:write "code,name\n"
      for i = 1, ROWS do file:write(("c%d,some words that fill a row: %d\n"):format(i, i)) end
      file:close()
      local function limited(arguments)
        local command = ("ulimit -v 200000; cd '%s' && DATABASE_URL='%s' rille %s >out.txt 2>&1"):format(folder, url, arguments)
        local done = os.execute(("bash -c %q"):format(command))
        assert.is_true(done, read "out.txt")
      end
      if not harness.has_terminal then return end -- sanitizers need more
      limited "db import thing a.csv"
      assert.equal(ROWS, db.thing:count())
      limited "db export thing b.csv"
      db.thing:delete_many { where = rille.all }
      limited "db import thing b.csv"
      limited "db export thing c.csv"
      assert.is_true(read "b.csv" == read "c.csv")
    end)
  end)
end)
