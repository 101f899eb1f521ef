-- Tables of implicit many-to-many relations: their names and sides follow from the models', and their rows from one to the other.
local rille = require "rille"
local support = require "support"

local PUBLIC = "datasource db {\n  provider = \"%s\"\n%s}\n"

-- A model T with a list of models U, under the names and attributes given.
local function schema(t, u, more)
  more = more or {}
  local relation = more.relation and (" @relation(%q)"):format(more.relation) or ""
  local function model(name, other, field, was, map)
    return ("%smodel %s {\n  id Int @id\n  %s %s[]%s\n%s}\n"):format(was and "/// @renamed-from " .. was .. "\n" or "", name, field, other, relation,
      map and ('  @@map("%s")\n'):format(map) or "")
  end
  return model(t, u, "us", more.was_t, more.map_t) .. model(u, t, "ts", more.was_u, more.map_u)
end

-- from, to, and the models' tables in the end.
local CASES = {
  ["of one model"] = { { "Tag", "User" }, { "Tag", "Visitor", { was_u = "User" } } },
  ["of one model, which changes the sides"] = { { "Tag", "User" }, { "Tag", "Person", { was_u = "User" } } },
  ["of both models"] = { { "Tag", "User" }, { "Zone", "Person", { was_t = "Tag", was_u = "User" } } },
  ["of both, which changes nothing of the sides"] = { { "Tag", "User" }, { "Aaa", "Bbb", { was_t = "Tag", was_u = "User" } } },
  ["of a model whose relation has a name"] = { { "Tag", "User", { relation = "Own" } }, { "Tag", "Person", { was_u = "User", relation = "Own" } } },
  ["of a model that keeps its table"] = { { "Tag", "User", { map_u = "users" } }, { "Tag", "Person", { was_u = "User", map_u = "users" } } },
  ["told by the name of the table"] = { { "Tag", "User", { map_u = "users" } }, { "Tag", "Person", { was_u = "users", map_u = "people" } } },
}

support.each_engine(function(engine)
  describe("a rename", function()
    local function text(body, mode) return PUBLIC:format(engine, mode and '  relationMode = "prisma"\n' or "") .. body end

    local function fill(url, before)
      local db = rille.connect { url = url, schema_text = before }
      for i = 1, 3 do db.tag:create { data = { id = i } } end
      db.user:create { data = { id = 7, ts = { connect = { { id = 1 }, { id = 3 } } } } }
      db.user:create { data = { id = 2, ts = { connect = { { id = 2 } } } } }
      db:close()
    end

    local function tags_of(url, after, model)
      local db, seen = rille.connect { url = url, schema_text = after }, {}
      for _, row in ipairs(db[model]:find_many { include = { ts = { order_by = { id = "asc" } } }, order_by = { id = "asc" } }) do
        local ids = {}
        for i, t in ipairs(row.ts) do ids[i] = t.id end
        seen[#seen + 1] = row.id .. ":" .. table.concat(ids, ",")
      end
      db:close()
      return seen
    end

    for name, case in pairs(CASES) do
      for _, mode in ipairs { false, "prisma" } do
        -- without foreign keys a database does not show that the sides are exchanged if a renamed model keeps its table name
        local told = not (mode and (name:find "keeps" or name:find "by the name of the table"))
        if told then
          it(name .. " keeps the rows of a list on both sides" .. (mode and ", without foreign keys" or ""), function()
            local url = support.database(engine)
            local before, after = text(schema(table.unpack(case[1])), mode), text(schema(table.unpack(case[2])), mode)
            rille.push { url = url, schema_text = before }
            fill(url, before)
            rille.push { url = url, schema_text = after }
            assert.same({ "2:2", "7:1,3" }, tags_of(url, after, case[2][2]))
            assert.equal("", rille.migrate.diff { from = { url = url }, to = { schema_text = after }, script = true })
            rille.push { url = url, schema_text = after }
            assert.same({ "2:2", "7:1,3" }, tags_of(url, after, case[2][2]))
          end)
        end
      end

      it(name .. " is a migration, and undone by its down.sql", function()
        local url, folder = support.database(engine), support.folder() .. "/migrations"
        local shadow = engine == "postgresql" and support.database(engine) or nil
        local before, after = text(schema(table.unpack(case[1]))), text(schema(table.unpack(case[2])))
        local function dev(schema_text) return rille.migrate.dev { url = url, shadow_url = shadow, migrations = folder, schema_text = schema_text } end
        dev(before)
        fill(url, before)
        local made = dev(after)
        assert.same({}, made.irreversible)
        assert.same({ "2:2", "7:1,3" }, tags_of(url, after, case[2][2]))
        assert.is_true(dev(after).up_to_date)
        rille.migrate.down { url = url, migrations = folder }
        assert.same({ "2:2", "7:1,3" }, tags_of(url, before, "user"))
        assert.equal("", rille.migrate.diff { from = { url = url }, to = { schema_text = before }, script = true })
      end)
    end

    it("that was confirmed keeps them, too", function()
      local url, folder = support.database(engine), support.folder() .. "/migrations"
      local shadow = engine == "postgresql" and support.database(engine) or nil
      local before, after = text(schema("Tag", "User")), text(schema("Tag", "Person"))
      local function dev(schema_text)
        return rille.migrate.dev { url = url, shadow_url = shadow, migrations = folder, schema_text = schema_text, ask = function(question)
          if question.kind == "rename" then return question.to == "Person" and question.from == "User" end
        end }
      end
      dev(before)
      fill(url, before)
      dev(after)
      assert.same({ "2:2", "7:1,3" }, tags_of(url, after, "person"))
      rille.migrate.down { url = url, migrations = folder }
      assert.same({ "2:2", "7:1,3" }, tags_of(url, before, "user"))
    end)

    it("between two schemas is a rename, and no difference afterwards", function()
      for _, mode in ipairs { false, "prisma" } do
        local before, after = text(schema("Tag", "User"), mode), text(schema("Tag", "Person", { was_u = "User" }), mode)
        local script = rille.migrate.diff { from = { schema_text = before }, to = { schema_text = after }, script = true }
        assert.matches('"A_exchanged"', script)
        assert.not_matches("DROP TABLE", script)
        assert.equal("", rille.migrate.diff { from = { schema_text = after }, to = { schema_text = after }, script = true })
      end
    end)
  end)
end)
