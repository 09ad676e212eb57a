package mailstore_test
import ("testing";"database/sql";"fmt";"time";"path/filepath"
_ "modernc.org/sqlite")
func TestZZ(t *testing.T){
 p:=filepath.Join(t.TempDir(),"x.db")
 db,err:=sql.Open("sqlite","file:"+p); must(t,err)
 db.SetMaxOpenConns(1)
 _,err=db.Exec("CREATE TABLE i(n INTEGER PRIMARY KEY, folder INTEGER, uid INTEGER, id INTEGER, flags INTEGER, size INTEGER, at INTEGER) STRICT; CREATE INDEX l ON i(folder,uid,id,flags,size,at); WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM c WHERE x<100000) INSERT INTO i SELECT x,1,x,x,1,3000+x,1700000000000000+x*1000000 FROM c"); must(t,err)
 for k,q:=range []string{
 "SELECT count(*), '' FROM (SELECT * FROM i INDEXED BY l WHERE folder=1 AND uid>0 ORDER BY uid LIMIT 200000)",
 "SELECT count(*), group_concat(id||' '||uid||' '||flags||' '||size||' '||at, ' ') FROM (SELECT id,uid,flags,size,at FROM i INDEXED BY l WHERE folder=1 AND uid>0 ORDER BY uid LIMIT 200000)",
 "SELECT count(*), group_concat(concat_ws(' ',id,uid,flags,size,at), ' ') FROM (SELECT id,uid,flags,size,at FROM i INDEXED BY l WHERE folder=1 AND uid>0 ORDER BY uid LIMIT 200000)",
 "SELECT count(*), group_concat(format('%d %d %d %d %d',id,uid,flags,size,at), ' ') FROM (SELECT id,uid,flags,size,at FROM i INDEXED BY l WHERE folder=1 AND uid>0 ORDER BY uid LIMIT 200000)",
 "SELECT count(*), group_concat(format('%x %x %x %x %x',id,uid,flags,size,at), ' ') FROM (SELECT id,uid,flags,size,at FROM i INDEXED BY l WHERE folder=1 AND uid>0 ORDER BY uid LIMIT 200000)",
 "SELECT count(*), json_group_array(id)||json_group_array(uid)||json_group_array(flags)||json_group_array(size)||json_group_array(at) FROM (SELECT id,uid,flags,size,at FROM i INDEXED BY l WHERE folder=1 AND uid>0 ORDER BY uid LIMIT 200000)",
 "SELECT count(*), group_concat(id,' ')||group_concat(uid,' ')||group_concat(flags,' ')||group_concat(size,' ')||group_concat(at,' ') FROM (SELECT id,uid,flags,size,at FROM i INDEXED BY l WHERE folder=1 AND uid>0 ORDER BY uid LIMIT 200000)",
 }{
  best:=time.Hour
  for range 5 { s:=time.Now(); var n int; var b sql.RawBytes; rows,err:=db.Query(q); must(t,err); rows.Next(); must(t,rows.Scan(&n,&b)); l:=len(b); rows.Close(); best=min(best,time.Since(s)); _=l }
  fmt.Println(k,best)
 }
 best:=time.Hour
 for range 3 { s:=time.Now(); rows,err:=db.Query("SELECT id,uid,flags,size,at FROM i INDEXED BY l WHERE folder=1 ORDER BY uid"); must(t,err); var a,b,c,d,e int64; for rows.Next(){must(t,rows.Scan(&a,&b,&c,&d,&e))}; rows.Close(); best=min(best,time.Since(s)) }
 fmt.Println("rows",best)
}
