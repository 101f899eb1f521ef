-- One row written and read: run against an installed rille, under any Lua.
local rille = require "rille"
local schema = "model Note {\n  id Int @id @default(autoincrement())\n  text String\n}\n"
local url = "file:" .. os.tmpname()
rille.push { schema_text = schema, url = url }
local db = rille.connect { schema_text = schema, url = url }
local note = db.note:create { data = { text = "kept" } }
assert(db.note:find_unique { where = { id = note.id } }.text == "kept")
db:close()
for _, suffix in ipairs { "", "-wal", "-shm" } do os.remove(url:sub(6) .. suffix) end
print "ok"
