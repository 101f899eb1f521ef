-- Files made of a schema. The types are asked what they take, and the core the same: they must agree, on every model, field and operator.
local annotations = require "tools.annotations"
local core = require "rille.core"
local rille = require "rille"
local support = require "support"

local SCHEMA = [[
datasource db {
  provider = "postgresql"
}
enum Role {
  ADMIN
  /// May read
  READER
}
/// A person
/// @of some kind
model User {
  id       Int       @id @default(autoincrement())
  email    String    @unique
  name     String?
  role     Role      @default(READER)
  maybe    Role?
  roles    Role[]
  key      String    @db.Uuid
  age      Int?
  big      BigInt    @default(0)
  ratio    Float
  price    Decimal
  yes      Boolean   @default(true)
  born     DateTime?
  clock    DateTime? @db.Time(3)
  changed  DateTime  @updatedAt
  data     Json?
  raw      Bytes
  tags     String[]
  numbers  Int[]
  end      String    @default("")
  odd      Unsupported("circle")?
  bossId   Int?
  boss     User?     @relation("Boss", fields: [bossId], references: [id])
  team     User[]    @relation("Boss")
  profile  Profile?
  posts    BlogPost[]
  labels   Label[]
  hidden   String    @default("") @ignore

  @@unique([email, name], name: "who")
}
model Profile {
  user   User   @relation(fields: [userId], references: [id])
  userId Int    @id
  text   String
}
model BlogPost {
  a      Int
  b      String
  userId Int
  author User  @relation(fields: [userId], references: [id])

  @@id([a, b])
}
model Label {
  id    Int    @id
  users User[]
}
model Batch {
  id Int @id
}
model Secret {
  id Int @id

  @@ignore
}
view Statistics {
  id    Int @unique
  total Int
}
]]

local function made(text, options)
  local folder = support.folder()
  support.write(folder .. "/schema.prisma", text)
  local given = { schema = folder .. "/schema.prisma" }
  for key, value in pairs(options or {}) do given[key] = value end
  local files = rille.generate.run(given).files
  local file = assert(io.open(files[1], "rb"))
  local types = file:read "a"
  file:close()
  return types, files, folder
end

local function read_file(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read "a"
  file:close()
  return text
end

describe("types for editors", function()
  local db, known, tables, types

  setup(function()
    types = made(SCHEMA)
    known = annotations.read(read_file "lua/rille/meta.lua")
    known = annotations.read(read_file "lua/rille/meta_models.lua", known)
    known = annotations.read(read_file "lua/rille/meta_migrate.lua", known)
    known = annotations.read(read_file "lua/rille/explanation.lua", known)
    annotations.read(types, known)
    local options = { schema_text = SCHEMA, url = "postgresql://nobody@localhost:1/none" } -- is never connected to
    db = rille.connect(options)
    tables = core.schema_models(core.schema { text = SCHEMA })
  end)
  teardown(function()
    db:close()
    support.cleanup()
  end)

  local WORDS = { "unknown ", "cannot be used here", "aggregate cannot be applied", "is not a DateTime field", "expected fields of type String",
    "`include` accepts only relations", "cannot be written to many rows", "cannot be written in bulk", "so it is never NULL", "a field of", "a relation of",
    "a compound key" }

  -- Returns whether the core knows what is at a path of a call. A wrong value there, or missing arguments, do not matter.
  local function knows(model, action, args)
    local ok, found = pcall(core.faults, db[model], args, action)
    local list = ok and (found or {}) or { found }
    for _, e in ipairs(list) do
      for _, words in ipairs(WORDS) do
        if tostring(e):find(words, 1, true) then return false end
      end
    end
    return true
  end

  -- For each of `words`: the class has it if, and only if, the core takes it at the place where `build` puts it.
  local function agree(class, words, model, action, build)
    local fields = annotations.fields(known, class)
    for word in pairs(fields) do
      local listed = word == "cache" -- see below
      for _, w in ipairs(words) do listed = listed or w == word end
      assert(listed, ("%s has %s, which nobody asks about"):format(class, word))
    end
    for _, word in ipairs(words) do
      local typed, taken = fields[word] ~= nil, knows(model, action, build(word))
      assert(typed == taken, ("%s.%s: the types say %s, the core %s"):format(class, word, tostring(typed), tostring(taken)))
    end
  end

  local function each_model(fn)
    for _, m in ipairs(tables.models) do
      if not m.ignored then fn(m, "db." .. m.name .. ".", m.name) end
    end
  end

  -- All that might be a name in a table about a model.
  local function names(...)
    local seen, list = {}, {}
    local function add(name)
      if not seen[name] then list[#list + 1] = name end
      seen[name] = true
    end
    for _, m in ipairs(tables.models) do
      for _, f in ipairs(m.fields) do add(f.name) end
      for _, k in ipairs(m.keys) do add(k.client_name or "none") end
    end
    for _, more in ipairs { ... } do
      for word in more:gmatch "%S+" do add(word) end
    end
    return list
  end

  it("load as Lua, and are the same each time", function()
    assert(load(types))
    assert.equal(types, (made(SCHEMA)))
  end)

  it("name no type that does not exist", function()
    for name, class in pairs(known.classes) do
      local ours = not name:find "^rille"
      for _, parent in ipairs(class.parents) do assert.same({}, annotations.dangling(parent, known), name) end
      for key, field in pairs(ours and class.fields or {}) do assert.same({}, annotations.dangling(field.type, known), name .. "." .. key) end
    end
    for name, type in pairs(known.aliases) do assert.same({}, annotations.dangling(type, known), name) end
  end)

  it("know what input may allow", function()
    each_model(function(_, prefix, model)
      local fields = annotations.fields(known, prefix .. "Allow")
      for _, word in ipairs(names "titel AND") do
        local taken = pcall(db[model].input, db[model], {}, { allow = { [word] = true }, mode = "update" })
        taken = taken or pcall(db[model].input, db[model], {}, { allow = { [word] = "connect" }, mode = "update" })
        assert.equal(taken, fields[word] ~= nil, model .. "." .. word)
      end
      assert.equal(prefix .. "Allow", annotations.fields(known, prefix .. "InputOptions").allow.type)
    end)
  end)

  it("have each model by its names, also where a method has the same", function()
    local more = annotations.read(made "model Batch {\n id Int @id\n}\nmodel Notifications {\n id Int @id\n}", {
      classes = { ["rille.ClientMethods"] = { fields = {}, parents = {} } }, aliases = {} })
    local both = annotations.fields(more, "db")
    assert.equal("db.Batch.Callable", both.batch.type)
    assert.same({ "db.Batch.Model" }, more.classes["db.Batch.Callable"].parents)
    assert.equal("fun(self: db, fn: (fun(b: db): ...), options?: rille.BatchOptions): ...", more.classes["db.Batch.Callable"].overload)
    assert.equal("db.Batch.Model", both.Batch.type)
    assert.equal("db.Notifications.Callable", both.notifications.type)
    assert.equal("fun(self: db, ...: any): ...", more.classes["db.Notifications.Callable"].overload)

    local fields = annotations.fields(known, "db")
    assert.equal("db.BlogPost.Model", fields.blog_post.type)
    assert.equal("db.BlogPost.Model", fields.blogPost.type)
    assert.equal("db.BlogPost.Model", fields.BlogPost.type)
    assert.is_nil(fields.Secret)
    assert.equal("db.Batch.Callable", fields.batch.type)
    local callable = known.classes["db.Batch.Callable"]
    assert.same({}, annotations.dangling(callable.overload, known))
    assert.same({ "rille.ClientMethods", "db" }, known.classes["rille.Client"].parents)
    assert.equal('"ADMIN"|"READER"', known.aliases["db.Role"])
  end)

  it("have the methods that the models have", function()
    each_model(function(m, prefix)
      for name in pairs(annotations.fields(known, prefix .. "Model")) do assert.is_function(db[m.name][name], name) end
      for _, method in ipairs { "create", "update_many", "delete" } do
        assert.equal(not m.view, known.classes[prefix .. "Model"].fields[method] ~= nil)
      end
    end)
  end)

  it("have the fields of rows as they come", function()
    local row = known.classes["db.User"].fields
    local expected = { id = "integer", email = "string", role = "db.Role", maybe = "db.Role", roles = "db.Role[]", price = "rille.Decimal", ratio = "number",
      yes = "boolean", born = "string", data = "any", raw = "string", tags = "string[]", posts = "db.BlogPost[]", boss = "db.User", ["end"] = "string" }
    for name, type in pairs(expected) do assert.equal(type, row[name].type, name) end
    assert.is_true(row.name.optional and row.boss.optional and not row.email.optional and not row.tags.optional)
    assert.is_nil(row.odd or row.hidden)
  end)

  it("agree with the core on arguments", function()
    local words = {}
    for word in ("where select include omit order_by cursor take skip distinct lock data skip_duplicates limit create update on by having "
      .. "_count _sum _avg _min _max relation_load_strategy batch as bigint wher"):gmatch "%S+" do words[#words + 1] = word end
    local classes = { find_unique = "FindUniqueArgs", find_first = "FindArgs", find_many = "FindArgs", find_first_or_throw = "FindArgs", create = "CreateArgs",
      create_many = "CreateManyArgs", create_many_and_return = "CreateManyAndReturnArgs", update = "UpdateArgs", update_many = "UpdateManyArgs",
      update_many_and_return = "UpdateManyAndReturnArgs", upsert = "UpsertArgs", upsert_many = "UpsertManyArgs", delete = "DeleteArgs",
      delete_many = "DeleteManyArgs", count = "CountArgs", aggregate = "AggregateArgs", group_by = "GroupByArgs", exists = "ExistsArgs" }
    each_model(function(m, prefix, model)
      for action, class in pairs(classes) do
        if known.classes[prefix .. class] or not m.view then
          local reads = action:find "^find" or action == "count" or action == "aggregate" or action == "group_by" or action == "exists"
          assert.equal(reads and true or false, annotations.fields(known, prefix .. class).cache ~= nil, class)
          agree(prefix .. class, words, model, action, function(word)
            if word == "as" or word == "bigint" then return { as = "json", [word] = word == "as" and "json" or "string" } end
            return { [word] = 1 }
          end)
        end
      end
    end)
  end)

  it("agree with the core on conditions", function()
    local operators = {}
    for word in ("equals not not_ in in_ not_in lt lte gt gte contains starts_with ends_with search mode has has_every has_some is_empty path string_contains "
      .. "string_starts_with string_ends_with array_contains array_starts_with array_ends_with some every none is is_not eq"):gmatch "%S+" do
      operators[#operators + 1] = word
    end
    each_model(function(m, prefix, model)
      agree(prefix .. "Where", names "AND OR NOT", model, "find_many", function(word) return { where = { [word] = {} } } end)
      for _, f in ipairs(m.fields) do
        local type = annotations.fields(known, prefix .. "Where")[f.name]
        local class = type and (f.type == "Json" and "db.input.JsonFilter" or annotations.class_in(known, type.type:gsub("^db%.%w+%.Where|", "")))
        if class and f.kind ~= "relation" then
          agree(class, operators, model, "find_many", function(word) return { where = { [f.name] = { [word] = {} } } } end)
        elseif class and f.list then
          agree(class, operators, model, "find_many", function(word) return { where = { [f.name] = { [word] = {} } } } end)
        end
      end
      local unique = annotations.fields(known, prefix .. "WhereUnique")
      for _, key in ipairs(m.keys) do
        if key.names_row then
          assert(unique[key.client_name], key.client_name)
          if #key.fields > 1 then
            agree(prefix .. "Key." .. key.client_name, names(), model, "find_unique", function(word)
              return { where = { [key.client_name] = { [word] = 1 } } }
            end)
          end
        end
      end
      agree(prefix .. "WhereUnique", names "AND OR NOT", model, "find_unique", function(word) return { where = { [word] = {} } } end)
    end)
  end)

  it("agree with the core on orders", function()
    each_model(function(m, prefix, model)
      -- The core accepts it for a model without strings as well, but it could contain no field.
      local relevance = known.aliases[prefix .. "TextField"] and "_relevance " or ""
      agree(prefix .. "OrderBy", names(relevance .. "_count _sum"), model, "find_many", function(word) return { order_by = { [word] = {} } } end)
      agree(prefix .. "GroupOrderBy", names "_relevance _count _sum _avg _min _max", model, "group_by", function(word)
        return { by = m.fields[1].name, order_by = { [word] = {} } }
      end)
      agree(prefix .. "Having", names "_all _count _sum AND OR NOT", model, "group_by", function(word)
        return { by = m.fields[1].name == "user" and "userId" or m.fields[1].name, having = { [word] = {} } }
      end)
      for _, f in ipairs(m.fields) do
        local typed = annotations.fields(known, prefix .. "OrderBy")[f.name]
        if typed and f.kind ~= "relation" then
          local sort = annotations.class_in(known, typed.type)
          agree(sort, { "sort", "nulls", "null" }, model, "find_many", function(word)
            return { order_by = { [f.name] = { [word] = word == "sort" and "asc" or "last" } } }
          end)
        end
      end
    end)
  end)

  it("agree with the core on what is shown", function()
    each_model(function(m, prefix, model)
      local count = known.classes[prefix .. "RelationCounts"] and "_count" or "" -- else there is nothing to be counted
      agree(prefix .. "Select", names(count), model, "find_many", function(word) return { select = { [word] = true } } end)
      agree(prefix .. "Omit", names "_sum", model, "find_many", function(word) return { omit = { [word] = false } } end)
      agree(prefix .. "Include", names(count), model, "find_many", function(word) return { include = { [word] = true } } end)
      for _, f in ipairs(m.fields) do
        local typed = f.kind == "relation" and annotations.fields(known, prefix .. "Include")[f.name]
        if typed then
          local words = {}
          for word in ("where order_by cursor take skip distinct select include omit lock recursive depth data"):gmatch "%S+" do words[#words + 1] = word end
          local class = annotations.class_in(known, typed.type)
          local fields = annotations.fields(known, class)
          for _, word in ipairs(words) do
            local taken = knows(model, "find_many", { include = { [f.name] = { [word] = {} } } })
            if word == "where" and f.required then taken = false end -- rejected with its own message
            assert(taken == (fields[word] ~= nil), class .. "." .. word)
          end
        end
      end
    end)
  end)

  it("agree with the core on data", function()
    local operations = {}
    for word in ("set push increment decrement multiply divide add"):gmatch "%S+" do operations[#operations + 1] = word end
    local nested = {}
    for word in ("create create_many connect connect_or_create disconnect set delete delete_many update update_many upsert add"):gmatch "%S+" do
      nested[#nested + 1] = word
    end
    each_model(function(m, prefix, model)
      if m.view then return end
      -- What an action needs in addition to data.
      local function with(action, data)
        if action == "create" then return { data = data } end
        if action == "update_many" then return { where = rille.all, data = data } end
        local key = {}
        for _, name in ipairs(m.keys[1].fields) do key[name] = name == "b" and "x" or 1 end
        return { where = #m.keys[1].fields > 1 and { [m.keys[1].client_name] = key } or key, data = data }
      end
      local places = { Create = "create", Update = "update", UpdateMany = "update_many" }
      for class, action in pairs(places) do
        agree(prefix .. class, names "_count", model, action, function(word) return with(action, { [word] = 1 }) end)
        for _, f in ipairs(m.fields) do
          local typed = annotations.fields(known, prefix .. class)[f.name]
          local inner = typed and annotations.class_in(known, typed.type)
          if inner and f.kind == "relation" then
            agree(inner, nested, model, action, function(word) return with(action, { [f.name] = { [word] = {} } }) end)
          elseif inner then
            agree(inner, operations, model, action, function(word) return with(action, { [f.name] = { [word] = 1 } }) end)
          end
        end
      end
      -- A field must be given when the core misses it and no relation can give it.
      for name, field in pairs(annotations.fields(known, prefix .. "Create")) do
        if not field.optional then
          local ok, found = pcall(core.faults, db[model], { data = {} }, "create")
          local missed = false
          for _, e in ipairs(ok and found or {}) do missed = missed or tostring(e):find("data." .. name, 1, true) ~= nil end
          assert(missed, ("%sCreate.%s must be given, but the core does not miss it"):format(prefix, name))
        end
      end
    end)
  end)

  it("agree with the core on aggregates", function()
    each_model(function(m, prefix, model)
      for _, word in ipairs { "_count", "_sum", "_avg", "_min", "_max" } do
        local class = prefix .. word:sub(2, 2):upper() .. word:sub(3) .. "Select"
        if known.classes[class] then
          agree(class, names "_all _count", model, "aggregate", function(name) return { [word] = { [name] = true } } end)
        else
          for _, f in ipairs(m.fields) do assert.is_false(knows(model, "aggregate", { [word] = { [f.name] = true } }), class) end
        end
      end
    end)
  end)
end)

describe("generate", function()
  after_each(support.cleanup)

  it("writes next to the schema, a file or a folder", function()
    local _, files, folder = made(SCHEMA)
    assert.same({ folder .. "/rille.types.lua" }, files)
    assert.same({ folder .. "/rille.types.lua" }, rille.generate.run { schema = folder }.files)
    assert.same({ folder .. "/mine.lua" }, rille.generate.run { schema = folder, output = folder .. "/mine.lua" }.files)
  end)

  it("refreshes what is there, with its prefix, and makes nothing new", function()
    local _, _, folder = made("model A {\n id Int @id\n}", { prefix = "blog" })
    local path = folder .. "/rille.types.lua"
    support.write(folder .. "/schema.prisma", "model A {\n id Int @id\n more String\n}")
    assert.same({ path }, rille.generate.refresh { schema = folder .. "/schema.prisma" }.files)
    assert.truthy(read_file(path):find("---@class blog.A\n---@field id integer\n---@field more string\n", 1, true))
    os.remove(path)
    assert.same({}, rille.generate.refresh { schema = folder .. "/schema.prisma" }.files)
    assert.is_nil(io.open(path))
  end)

  it("writes a file for each model where one would be too large for editors, and takes old ones away", function()
    local models = {}
    for i = 1, 40 do
      local previous = (i - 2) % 40 + 1
      models[i] = ("model M%d {\n id Int @id\n a String\n b String?\n c DateTime\n u String @unique\n"
        .. " up M%d @relation(\"r%d\", fields: [a], references: [u])\n down M%d[] @relation(\"r%d\")\n}\n"):format(i, i % 40 + 1, i, previous, previous)
    end
    local whole, files, folder = made(table.concat(models))
    assert.equal(41, #files)
    assert.equal(folder .. "/rille.types.parts/M1.lua", files[2])
    local all = annotations.read(whole)
    for i = 2, #files do
      local text = read_file(files[i])
      assert.is_true(#text < 100000)
      assert(load(text))
      annotations.read(text, all) -- refuses what is declared twice
    end
    assert.equal("db.M7.Model", all.classes.db.fields.M7.type)
    assert.truthy(all.classes["db.M7.Where"] and all.classes["db.M40.FindArgs"] and all.classes["db.input.StringFilter"])
    support.write(folder .. "/rille.types.parts/mine.lua", "-- mine\n")
    support.write(folder .. "/schema.prisma", "model M1 {\n id Int @id\n}")
    assert.same({ folder .. "/rille.types.lua" }, rille.generate.refresh { schema = folder .. "/schema.prisma" }.files)
    assert.is_nil(io.open(folder .. "/rille.types.parts/M1.lua"))
    assert.equal("-- mine\n", read_file(folder .. "/rille.types.parts/mine.lua"))
    os.remove(folder .. "/rille.types.parts/mine.lua")
    rille.generate.run { schema = folder .. "/schema.prisma" }
    assert.is_nil(io.open(folder .. "/rille.types.parts"))
  end)

  it("says what is wrong", function()
    support.fails("VALIDATION", rille.generate.run, { schema_text = SCHEMA, outputs = "x" })
    support.fails("VALIDATION", rille.generate.run, { schema_text = SCHEMA, prefix = "a b" })
    support.fails("VALIDATION", rille.generate.run, { schema_text = SCHEMA, output = "/nonexistent/folder/x.lua" })
    support.fails("VALIDATION", rille.generate.run, { schema_text = SCHEMA, types = false, erd = "schema.png" })
    support.fails("VALIDATION", rille.generate.run, { schema_text = SCHEMA, output = "/dev/null" })
    support.fails("VALIDATION", rille.generate.run, { schema_text = SCHEMA, types = false, mermaid = "/dev" })
    support.fails("P1012", rille.generate.run, { schema_text = "model {" })
    support.fails("P1012", rille.generate.run, { schema = "/nonexistent.prisma" })
  end)

  it("draws the schema: tables, columns, keys, crow's feet", function()
    local folder = support.folder()
    if not (os.getenv "LD_PRELOAD" or ""):find "asan" then -- which would report leaks of dot
      local files = rille.generate.run { schema_text = SCHEMA, types = false, erd = folder .. "/schema.svg" }.files
      local svg = read_file(files[1])
      assert.truthy(svg:find("<svg", 1, true) and svg:find("</svg>", 1, true))
      for _, word in ipairs { "User", "BlogPost", "email", "Uuid" } do assert.truthy(svg:find(">" .. word .. "<", 1, true), word) end
    end
    rille.generate.run { schema_text = SCHEMA, types = false, erd = folder .. "/schema.dot" }
    local dot = read_file(folder .. "/schema.dot")
    assert.truthy(dot:find('"BlogPost":"r_userId" -> "User":"l_id" [dir=both, arrowtail=crowodot, arrowhead=noneteetee', 1, true))
    assert.truthy(dot:find('"Profile":"r_userId" -> "User":"l_id" [dir=both, arrowtail=noneteeodot, arrowhead=noneteetee', 1, true))
    assert.truthy(dot:find('"User":"r_bossId":e -> "User":"r_id":e [dir=both, arrowtail=crowodot, arrowhead=noneteeodot', 1, true))
    assert.truthy(dot:find('"User" -> "Label" [dir=both, arrowtail=crowodot, arrowhead=crowodot', 1, true))
  end)

  it("says how to get Graphviz when it is missing", function()
    local folder = support.folder()
    local pipe = assert(io.popen "command -v lua5.4")
    local lua = pipe:read "l"
    pipe:close()
    support.write(folder .. "/main.lua", ([[
      local ok, e = pcall(require("rille").generate.run, { schema_text = "model A {\n id Int @id\n}", types = false, erd = "%s/a.svg" })
      print(ok, e.message)]]):format(folder))
    pipe = assert(io.popen(("PATH='%s' %s %s/main.lua 2>&1"):format(folder, lua, folder)))
    local said = pipe:read "a"
    pipe:close()
    assert.truthy(said:find("graphviz", 1, true), said)
    assert.is_nil(io.open(folder .. "/a.svg"))
  end)

  it("writes Mermaid", function()
    local folder = support.folder()
    rille.generate.run { schema_text = SCHEMA, types = false, mermaid = folder .. "/schema.mmd" }
    local text = read_file(folder .. "/schema.mmd")
    assert.truthy(text:find("^erDiagram\n    User {\n        Int id PK\n        String email UK\n        String name \"optional\"\n"))
    assert.truthy(text:find('\n    BlogPost }o--|| User : "author"\n', 1, true))
    assert.truthy(text:find('\n    Profile |o--|| User : "user"\n', 1, true))
    assert.truthy(text:find('\n    User }o--o{ Label : "labels"\n', 1, true))
  end)
end)
